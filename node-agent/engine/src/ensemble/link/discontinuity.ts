/**
 * Tells apart what can happen to a link at once: the oscillator's frequency changed, the remote (or we) stepped, the route
 * changed. The run of packets since the first odd one is replayed under every hypothesis; its jumps come from the data (lowest
 * residual of the run per direction), never from a huge prior variance, and no outlier is allowed during the replay.
 */
import type { Nanoseconds, Ppb, Raw } from "../../time/units.js";
import { createArrival, createPacketLaw } from "./arrival.js";
import { FloorFilter } from "./floor-filter.js";
import type { LinkSettings } from "./link-settings.js";
import { Look } from "./look.js";
import type { Direction, NoiseShape } from "./noise-shape.js";
import type { Packet } from "./start-fit.js";

export const discontinuityKinds = [
  "frequency",
  "step",
  "stepAndFrequency",
  "route",
  "routeToLocal",
  "routeToRemote",
  "routeBoth",
  "stepAndRoute",
] as const;
export type DiscontinuityKind = (typeof discontinuityKinds)[number];

interface Hypothesis {
  readonly kind: DiscontinuityKind;
  /** Log odds against "nothing happened". */
  readonly prior: number;
  /** The rate opens; the offset jumps; both floors move together; one floor moves. */
  readonly rate?: true;
  readonly step?: true;
  readonly common?: true;
  readonly local?: true;
  readonly remote?: true;
}

/** (3 ppm)²: what a frequency event opens the rate by, ppb². */
export const frequencyEventVariance = 9e6;
const impossible = 1e-39;
/** Two floors that moved against each other and whose sum changed by less than that share of the larger move: that was a step. */
const opposed = 0.3;
/** Odd packets that are tried as the first after the change, beside the earliest one. */
const mostChangePoints = 6;

const hypotheses: readonly Hypothesis[] = [
  { kind: "frequency", prior: -2, rate: true },
  { kind: "step", prior: -8, step: true },
  { kind: "stepAndFrequency", prior: -12, step: true, rate: true },
  { kind: "route", prior: -15, common: true },
  { kind: "routeToLocal", prior: -15, local: true },
  { kind: "routeToRemote", prior: -15, remote: true },
  { kind: "routeBoth", prior: -22, local: true, remote: true },
  { kind: "stepAndRoute", prior: -30, step: true, common: true },
];

export interface RunPacket extends Packet {
  readonly odd: boolean;
}

export interface Finding {
  readonly hypothesis: Hypothesis;
  readonly kind: DiscontinuityKind;
  /** Index of the first packet after the change, which came up to `lead` s before it. */
  readonly at: number;
  readonly lead: number;
  /** Lowest residual of the run after the change, ns. */
  readonly jumpToLocal: Nanoseconds;
  readonly jumpToRemote: Nanoseconds;
  /** Variance of each jump, ns². */
  readonly variance: number;
}

/** What the filter knows beside the run. */
export interface RunContext {
  readonly runStart: Raw;
  readonly lowRate: Ppb;
  readonly highRate: Ppb;
  readonly hardMin: Nanoseconds;
  readonly resolution: Nanoseconds;
  /** Autocorrelation of the queueing, packets; spread of neighbours' sums and range of the floor, ns. */
  readonly correlation: number;
  readonly sumSpread: Nanoseconds;
  readonly floorRange: Nanoseconds;
  /** Index of the first packet that came about as early as any: where a step would begin. */
  readonly earliest: number;
  /** Both ways were heard often enough since then to tell a step from a route. */
  readonly knowsBothWays: boolean;
  /** The run is full: decide now. */
  readonly last: boolean;
}

export function hasOneWayRoute(finding: Finding): boolean {
  return finding.hypothesis.local === true || finding.hypothesis.remote === true;
}

export function movesFloor(finding: Finding): boolean {
  return finding.hypothesis.common === true || hasOneWayRoute(finding);
}

export function movesOffset(finding: Finding): boolean {
  return finding.hypothesis.step === true;
}

/**
 * How far the offset would be elsewhere had only the floors moved, ns: paths that are hashed anew change both ways at once, each by its
 * own amount, and no packet tells that from a step together with a route.
 */
export function ambiguityOf({ hypothesis, jumpToLocal, jumpToRemote }: Finding): Nanoseconds {
  return hypothesis.step === true && hypothesis.common === true ? Math.abs(jumpToLocal - jumpToRemote) / 2 : 0;
}

/** Change of the two floors' sum, ns. */
export function floorSumChange(finding: Finding): Nanoseconds {
  const { hypothesis } = finding;
  const local = hypothesis.common === true || hypothesis.local === true ? finding.jumpToLocal : 0;
  const remote = hypothesis.common === true || hypothesis.remote === true ? finding.jumpToRemote : 0;
  return local + remote;
}

/** Opens the filter by what the finding says has changed. */
export function inflate(filter: FloorFilter, finding: Finding): void {
  const { hypothesis, jumpToLocal, jumpToRemote, variance } = finding;
  const p = filter.covariance;
  if (hypothesis.rate) openRate(p, finding.lead);
  if (hypothesis.step) {
    filter.offset += (jumpToLocal - jumpToRemote) / 2;
    p[0]! += variance;
  }
  if (hypothesis.common) {
    const mean = (jumpToLocal + jumpToRemote) / 2;
    filter.floorToLocal += mean;
    filter.floorToRemote += mean;
    filter.releaseFloors(variance);
  }
  if (hypothesis.local) {
    filter.floorToLocal += jumpToLocal;
    p[7]! += variance;
  }
  if (hypothesis.remote) {
    filter.floorToRemote += jumpToRemote;
    p[9]! += variance;
  }
  if (hasOneWayRoute(finding)) filter.restAsymmetry = 0.5 * (filter.floorToLocal - filter.floorToRemote);
}

/** Somewhere in the `lead` seconds before the packet: the offset has moved with the rate since then. */
function openRate(p: Float64Array, lead: number): void {
  p[4]! += frequencyEventVariance;
  p[1]! += (frequencyEventVariance * lead) / 2;
  p[0]! += (frequencyEventVariance * lead * lead) / 3;
}

export class DiscontinuityTest {
  private readonly trial = new FloorFilter(0);
  /** What was believed before the run. */
  private readonly before = new FloorFilter(0);
  private readonly look = new Look();
  private readonly arrival = createArrival();
  private readonly law = createPacketLaw();
  private readonly settings: LinkSettings;

  constructor(settings: LinkSettings) {
    this.settings = settings;
  }

  /** What explains the run best, or null: nothing does better than "nothing happened", or it is not yet clear. */
  judge(run: readonly RunPacket[], shape: NoiseShape, context: RunContext): Finding | null {
    const { settings, before } = this;
    shape.readSavedMiddle(before);
    const { jitter } = shape;
    const variance = 9 * jitter * jitter;
    const nothing = this.replay(run, shape, context, null, jitter);
    let best: Finding | null = null;
    let bestEvidence = Number.NEGATIVE_INFINITY;
    const evidences: { readonly step: boolean; readonly evidence: number }[] = [];
    let tries = 0;
    for (let at = 0; at < run.length; at++) {
      if (at > 0 && !run[at]!.odd) continue;
      if (++tries > mostChangePoints && at !== context.earliest) continue;
      const lead = Math.max(0, run[at]!.raw - (run[at - 1]?.raw ?? context.runStart));
      const jumpToLocal = lowestResidual(run, at, 0, before, context.runStart);
      const jumpToRemote = lowestResidual(run, at, 1, before, context.runStart);
      for (const hypothesis of hypotheses) {
        if (needsMissing(hypothesis, jumpToLocal, jumpToRemote)) continue;
        if (context.correlation > 1 && run.length < 6 * context.correlation) {
          // Within a few correlation times only what queueing cannot do.
          const jump = Math.max(Math.abs(jumpToLocal), Math.abs(jumpToRemote));
          if (hypothesis.rate || !(jump > 10 * Math.max(jitter, context.sumSpread, context.floorRange))) continue;
        }
        const finding = { hypothesis, kind: hypothesis.kind, at, lead, jumpToLocal, jumpToRemote, variance };
        const evidence = this.replay(run, shape, context, finding, jitter);
        evidences.push({ step: hypothesis.step === true, evidence });
        if (evidence > bestEvidence) {
          bestEvidence = evidence;
          best = finding;
        }
      }
    }
    if (best === null || !(bestEvidence > nothing + settings.eventLead)) return null;
    if (best.kind !== "frequency" && !context.knowsBothWays && !context.last) return null;
    // The offset moved or not: wait until that is clear.
    const step = movesOffset(best);
    let runnerUp = Number.NEGATIVE_INFINITY;
    for (const other of evidences) if (other.step !== step && other.evidence > runnerUp) runnerUp = other.evidence;
    return context.last || bestEvidence >= runnerUp + settings.eventMargin ? best : null;
  }

  private replay(run: readonly RunPacket[], shape: NoiseShape, context: RunContext, finding: Finding | null, jitter: Nanoseconds): number {
    const { trial, look, settings, arrival, law } = this;
    trial.copy(this.before);
    trial.wander = shape.filters[1].wander;
    let now = context.runStart;
    let evidence = finding?.hypothesis.prior ?? 0;
    for (let i = 0; i < run.length; i++) {
      const packet = run[i]!;
      if (finding !== null && i === finding.at) inflate(trial, finding);
      if (packet.raw > now) {
        arrival.dt = packet.raw - now;
        trial.predict(arrival, settings);
        now = packet.raw;
      }
      const { effective } = shape.noise[packet.direction];
      law.impossible = impossible;
      law.scale = effective.scale;
      law.softVariance = effective.softVariance;
      law.tailScale = effective.tailScale;
      law.tailShare = effective.tailShare;
      arrival.toRemote = packet.direction === 1;
      arrival.value = packet.value;
      arrival.age = now - packet.raw;
      trial.absorb(arrival, law, look);
      evidence += look.logEvidence;
    }
    if (finding === null) return evidence;
    return this.isPossible(finding, context, jitter) ? evidence : Number.NEGATIVE_INFINITY;
  }

  /** Equal and opposite floor changes are a step; a delay below the possible and a rate beyond the proven do not exist. */
  private isPossible(finding: Finding, context: RunContext, jitter: Nanoseconds): boolean {
    const { trial, settings } = this;
    if (hasOneWayRoute(finding)) {
      const limit = settings.eventJump * jitter;
      const local = finding.hypothesis.local ? finding.jumpToLocal : 0;
      const remote = finding.hypothesis.remote ? finding.jumpToRemote : 0;
      const larger = Math.max(Math.abs(local), Math.abs(remote));
      if (larger < limit || (local * remote < 0 && Math.abs(local + remote) < opposed * larger)) return false;
    }
    const p = trial.covariance;
    const least = context.hardMin - context.resolution;
    if (trial.floorToLocal < least - 3 * Math.sqrt(p[7]!) || trial.floorToRemote < least - 3 * Math.sqrt(p[9]!)) return false;
    return trial.rate >= context.lowRate && trial.rate <= context.highRate;
  }
}

function needsMissing(hypothesis: Hypothesis, jumpToLocal: number, jumpToRemote: number): boolean {
  const both = hypothesis.step === true || hypothesis.common === true;
  return (
    ((both || hypothesis.local === true) && Number.isNaN(jumpToLocal)) ||
    ((both || hypothesis.remote === true) && Number.isNaN(jumpToRemote))
  );
}

/** NaN below two packets of that direction. */
function lowestResidual(run: readonly RunPacket[], from: number, direction: Direction, before: FloorFilter, start: Raw): Nanoseconds {
  let lowest = Number.POSITIVE_INFINITY;
  let count = 0;
  for (let i = from; i < run.length; i++) {
    const packet = run[i]!;
    if (packet.direction !== direction) continue;
    count++;
    const offset = before.offset + before.rate * (packet.raw - start);
    lowest = Math.min(lowest, direction === 1 ? packet.value + offset - before.floorToRemote : packet.value - offset - before.floorToLocal);
  }
  return count > 1 ? lowest : Number.NaN;
}
