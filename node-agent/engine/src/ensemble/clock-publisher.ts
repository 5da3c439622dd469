/** What is said of a clock, how fast its bounds grow until that is void, and when it must be said anew. */
import type { Nanoseconds, Ppb, Raw } from "../time/units.js";
import { ClockBounds } from "./clock-bounds.js";
import type { ClockKnowledge } from "./clock-knowledge.js";
import type { ClockSteering } from "./clock-steering.js";
import type { Publication } from "./contract.js";
import { isBusy } from "./decision-pace.js";

/** Publications are void this long after their instant unless renewed, s. */
const publicationLife = 8;
/** Without news a publication is renewed this often, s. */
const renewal = 1;
/** Share by which a calibrated bound is published larger where packets come faster than decisions: it may grow so much until the next one. */
const headroom = 1 / 16;
/** A proven bound that has grown by so little more than was said is as it was, ns. */
const tolerance = 1;

export class ClockPublisher {
  private readonly knowledge: ClockKnowledge;
  private readonly steering: ClockSteering;
  private readonly bounds: ClockBounds;
  private standing: Publication | null = null;
  /** When the slew ends that was on at the last publication; Infinity: none was. */
  private slewEnd: Raw = Number.POSITIVE_INFINITY;

  constructor(knowledge: ClockKnowledge, steering: ClockSteering) {
    this.knowledge = knowledge;
    this.steering = steering;
    this.bounds = new ClockBounds(knowledge, steering);
  }

  /** When what stands is renewed at the latest, raw s. */
  get renewAt(): Raw {
    return this.standing === null ? Number.NEGATIVE_INFINITY : this.standing.raw + renewal;
  }

  /** What stands was said `seconds` ago at least, or never. */
  isOlder(now: Raw, seconds: number): boolean {
    return this.standing === null || now - this.standing.raw >= seconds;
  }

  /** It is to be renewed whatever has happened. What was published reckons with a slew that nobody ends; now it is known to have ended. */
  isDue(now: Raw): boolean {
    return this.slewEnd <= now || this.isOlder(now, renewal);
  }

  /** What was published then is still true of what is known now. */
  stillHolds(now: Raw): boolean {
    const { standing, bounds, knowledge } = this;
    const { consensus } = knowledge;
    if (standing === null || consensus.selected?.config.id !== standing.selected || consensus.isSilent(now)) return false;
    const age = now - standing.raw;
    bounds.prove(now);
    if (!isCovered(bounds.guaranteedAt(now), standing.guaranteed, standing.guaranteedGrowth * age + tolerance)) return false;
    return isCovered(bounds.calibratedAt(now), standing.calibrated, standing.calibratedGrowth * age);
  }

  publish(now: Raw): Publication {
    const { knowledge, bounds } = this;
    const { config, consensus, frame, lock, writers } = knowledge;
    const usable = knowledge.isPlaced && !knowledge.isFarDisputed(now);
    if (usable) bounds.prove(now);
    const { estimate, selected } = consensus;
    const guaranteed = usable ? bounds.guaranteedAt(now) : null;
    const calibrated = usable ? bounds.calibratedAt(now) : null;
    const overshoot = this.overshootAt(now);
    this.slewEnd = frame.slewAt(now) > 0 ? frame.slewEnd : Number.POSITIVE_INFINITY;
    const belief = usable && lock.state === "PhaseAligned" ? (estimate?.beliefAt(now) ?? null) : null;
    const guaranteedGrowth = guaranteed === null ? 0 : overshoot + this.growthOf(guaranteed, now, (raw) => bounds.guaranteedAt(raw));
    this.standing = {
      clock: config.clock,
      raw: now,
      era: writers.era ?? 0,
      state: lock.state,
      reason: lock.reason,
      selected: selected?.config.id ?? null,
      offset: estimate?.isReady === true ? knowledge.errorAt(now) : 0,
      frequency: estimate?.rate ?? 0,
      pathDelay: selected?.pathDelay ?? 0,
      calibrated: calibrated === null ? null : this.withHeadroom(calibrated, now),
      calibratedGrowth: calibrated === null ? 0 : overshoot + this.growthOf(calibrated, now, (raw) => bounds.calibratedAt(raw)),
      guaranteed,
      guaranteedGrowth,
      // Without the clock's own distance from the estimate: followers that reckon with it steer worse and claim too much.
      rootSigma: belief?.deviation ?? null,
      rootTau: belief?.errorTime ?? null,
      voidAfter: publicationLife,
      sources: consensus.describe(now),
    };
    return this.standing;
  }

  /** How fast a bound grows at most until the publication is void, the end of a slew on the way there included, ppb ≥ 0. */
  private growthOf(present: Nanoseconds, now: Raw, at: (raw: Raw) => Nanoseconds | null): Ppb {
    const { slewEnd } = this.knowledge.frame;
    const end = at(now + publicationLife) ?? present;
    const steepest = Math.max(0, (end - present) / publicationLife);
    if (!(slewEnd > now && slewEnd < now + publicationLife)) return steepest;
    return Math.max(steepest, ((at(slewEnd) ?? present) - present) / (slewEnd - now));
  }

  /** What others, a slew that nobody ends and a command that is not carried out may add to that, ppb. */
  private overshootAt(now: Raw): Ppb {
    const { config, frame, strangers, writers } = this.knowledge;
    return (
      writers.growth(config.steer, strangers.growthAt(now)) +
      Math.max(overshootGrowth(frame.slewAt(now), frame.slewEnd - now), this.steering.replaced)
    );
  }

  private withHeadroom(calibrated: Nanoseconds, now: Raw): Nanoseconds {
    if (!isBusy(this.knowledge.consensus.estimate)) return calibrated;
    return Math.max(calibrated, this.bounds.limit(calibrated * (1 + headroom), now));
  }
}

/**
 * A slew is ended by a thread of the process that began it. If that is killed or stopped, the clock runs on at the slewing
 * frequency until the publication is void: by then it is `slew` times the rest of its life astray, and no reader sees it before.
 * @param left until the slew ends, s
 */
function overshootGrowth(slew: Ppb, left: number): Ppb {
  return slew === 0 || left >= publicationLife ? 0 : (slew * (publicationLife - left)) / publicationLife;
}

/** Whether the bound that stands says at least what is known now; void is never covered by a bound. */
function isCovered(bound: Nanoseconds | null, standing: Nanoseconds | null, room: Nanoseconds): boolean {
  if (bound === null || standing === null) return bound === standing;
  return bound <= standing + room;
}
