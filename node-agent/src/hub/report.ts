/** What the node says of itself to the hub, from the engine's last publication. */
import type { Publication, SourceSnapshot } from "@meridian/engine";
import type { Report } from "@meridian/proto";
import type { ClockConflict } from "../guard/conflict-guard.js";
import { printable } from "./printable.js";
import { agePublication } from "../publication/age-publication.js";

interface Transition {
  readonly state: string;
  readonly reason: string;
  /** ms of the process's monotonic clock. */
  readonly since: number;
}

/** ns as they were told; absent: void. */
type Bounds = Pick<Report, "calibrated" | "guaranteed">;

/** What of a publication is worth a report at once. */
export type News =
  | "none"
  /** Another state, or another reason for it. */
  | "state"
  /** Another source, or what was last reported of the bounds no longer holds. */
  | "figures";

const mostTransitions = 5;
/** A bound that grew by less than that since it was reported may wait for the next report. */
const notableGrowth = 1.25;

/** Keeps what a report needs besides the publication: since when, how often stepped, the last changes of state, what was said last. */
export class ReportBuilder {
  readonly #transitions: Transition[] = [];
  /** Since when the state, for whatever reasons, is the present one, ms. */
  #stateSince: number | null = null;
  #selected: string | null = null;
  #reported: Bounds = {};
  #sequence = 0;
  #steps = 0;

  get steps(): number {
    return this.#steps;
  }

  /** Since when the state is the present one, ms; null: nothing was published yet. */
  get stateSince(): number | null {
    return this.#stateSince;
  }

  countStep(): void {
    this.#steps += 1;
  }

  /** Takes a new publication. */
  observe(publication: Publication, nowMs: number): News {
    const { state, reason, selected } = publication;
    const reselected = selected !== this.#selected;
    this.#selected = selected;
    const last = this.#transitions.at(-1);
    if (last?.state === state && last.reason === reason) return reselected || this.isOutdated(publication, 0) ? "figures" : "none";
    if (last?.state !== state) this.#stateSince = nowMs;
    this.#transitions.push({ state, reason, since: nowMs });
    if (this.#transitions.length > mostTransitions) this.#transitions.shift();
    return "state";
  }

  /** The hub shows bounds that no longer hold: they have grown, or are void by now. @param age s since the publication */
  isOutdated(publication: Publication, age: number): boolean {
    const now = agePublication(publication, age);
    const outgrown = (told: Bounds["calibrated"], bound: number | null): boolean =>
      told != null && (bound === null || bound > (told.nanoseconds ?? 0) * notableGrowth);
    return outgrown(this.#reported.calibrated, now.calibrated) || outgrown(this.#reported.guaranteed, now.guaranteed);
  }

  /** @param age s since the publication: bounds have grown by it */
  build(
    publication: Publication,
    sources: readonly SourceSnapshot[],
    conflicts: readonly ClockConflict[],
    age: number,
    nowMs: number,
  ): Report {
    const selected = sources.find(({ source }) => source === publication.selected);
    const { alive, calibrated, guaranteed } = agePublication(publication, age);
    this.#sequence += 1;
    this.#reported = {
      ...(calibrated === null ? {} : { calibrated: roundUp(calibrated) }),
      ...(guaranteed === null ? {} : { guaranteed: roundUp(guaranteed) }),
    };
    return {
      sequence: this.#sequence,
      monotonicMilliseconds: Math.round(nowMs),
      state: alive ? publication.state : "Unknown",
      stateReason: alive ? publication.reason : "EngineStalled",
      stateAgeMilliseconds: Math.round(alive ? nowMs - (this.#stateSince ?? nowMs) : (age - publication.voidAfter) * 1e3),
      selectedUpstream: publication.selected ?? "",
      offsetNanoseconds: Math.round(publication.offset),
      ...this.#reported,
      frequencyPartsPerBillion: Math.round(publication.frequency),
      pathDelayNanoseconds: Math.max(0, Math.round(publication.pathDelay)),
      grandmasterIdentity: selected?.grandmasterIdentity ?? "",
      stepsRemoved: selected?.stepsRemoved ?? 0,
      clockSteps: this.#steps,
      sources: publication.sources.slice(0, 16).map(({ link, state, reason, offsetFromConsensus }) => {
        const announced = sources.find(({ source }) => source === link);
        return {
          name: link,
          state,
          reason,
          offsetFromConsensusNanoseconds: Math.round(offsetFromConsensus ?? 0),
          clockClass: announced?.clockClass ?? 0,
          grandmasterIdentity: announced?.grandmasterIdentity ?? "",
          currentUtcOffsetSeconds: announced?.currentUtcOffset ?? 0,
          currentUtcOffsetValid: announced?.currentUtcOffsetValid ?? false,
          stratum: announced?.ntp?.stratum ?? 0,
          referenceId: announced?.ntp?.referenceId ?? "",
        };
      }),
      conflicts: conflicts.map(({ process, evidence }) => ({ process: printable(process, 128), clock: "system", evidence })),
      transitions: this.#transitions.map(({ state, reason, since }) => ({ state, reason, ageMilliseconds: Math.round(nowMs - since) })),
    };
  }
}

/** A bound never gets smaller on its way. */
const roundUp = (nanoseconds: number): { nanoseconds: number } => ({ nanoseconds: Math.ceil(nanoseconds) });
