/**
 * One hypothesis about the shape of the queueing law: a learnt law per direction and three filters whose oscillator wanders
 * by a third, once and three times the present estimate. The triple moves with the evidence, so the wander is learnt too.
 * A shape that is far behind runs its middle filter only.
 */
import type { Nanoseconds, Ppb } from "../../time/units.js";
import type { Arrival } from "./arrival.js";
import { exponentiate } from "./exponential.js";
import { FloorFilter, stateSize } from "./floor-filter.js";
import type { LinkSettings, ShapeSettings } from "./link-settings.js";
import type { Looks } from "./look.js";
import { NoiseLaw } from "./noise-law.js";
import { createRoom } from "./shape-room.js";

/** 0: toLocal, 1: toRemote. */
export type Direction = 0 | 1;

/** What a start knows: state, its covariance and the jitter, ns and ppb. */
export interface StartState {
  readonly offset: Nanoseconds;
  readonly rate: Ppb;
  readonly offsetVariance: number;
  readonly offsetRateCovariance: number;
  readonly rateVariance: number;
  readonly floorToLocal: Nanoseconds;
  readonly floorToRemote: Nanoseconds;
  readonly floorVariance: number;
  readonly jitter: Nanoseconds;
}

export class NoiseShape {
  /** Evidence-weighted mean of the triple, ns and ppb. */
  offset: Nanoseconds = 0;
  rate: Ppb = 0;
  /** Log evidence of the shape, and per direction, nats with forgetting. */
  evidence = 0;
  readonly directionEvidence: [number, number] = [0, 0];
  /** Random-walk frequency of the middle filter, ppb/√s. */
  wander = 0;
  /** Third, once, three times the wander. */
  readonly filters: [FloorFilter, FloorFilter, FloorFilter];
  readonly weights: [number, number, number] = [0, 1, 0];
  readonly noise: [NoiseLaw, NoiseLaw];
  /** Only the middle filter runs. */
  reduced = false;
  /** Extremes of the mean floor ± 3 sd since it was found, ns. */
  lowestFloor = Number.POSITIVE_INFINITY;
  highestFloor = Number.NEGATIVE_INFINITY;
  private packets = 0;
  /** Of all shapes, and where this one's begin. */
  private readonly saved: Float64Array;
  private readonly savedAt: number;
  private savedEvidence = 0;
  private readonly settings: LinkSettings;
  private readonly shape: ShapeSettings;
  private readonly resolution: Nanoseconds;

  /**
   * @param resolution of the stamps, ns
   * @param room where its numbers live, those of shape `index`; default: one of its own
   */
  constructor(settings: LinkSettings, shape: ShapeSettings, resolution: Nanoseconds, room = createRoom(1), index = 0) {
    this.settings = settings;
    this.shape = shape;
    this.resolution = resolution;
    this.wander = settings.wanderStart;
    const { wanderStart, wanderRatio } = settings;
    const { buffer, saved } = room;
    const first = 3 * index;
    this.filters = [
      new FloorFilter((wanderStart / wanderRatio) ** 2, buffer, first),
      new FloorFilter(wanderStart ** 2, buffer, first + 1),
      new FloorFilter((wanderStart * wanderRatio) ** 2, buffer, first + 2),
    ];
    this.saved = saved;
    this.savedAt = first * stateSize;
    this.noise = [new NoiseLaw(1, shape, settings, resolution), new NoiseLaw(1, shape, settings, resolution)];
  }

  /** Standard deviation of one packet's queueing, the noisier way, ns. */
  get jitter(): Nanoseconds {
    const [toLocal, toRemote] = this.noise;
    return Math.sqrt(Math.max(toLocal.variance, toRemote.variance));
  }

  /** Autocorrelation of the queueing that the laws reckon with, packets, ≥ 1: the same both ways. */
  get correlation(): number {
    return this.noise[0].correlation;
  }

  start(state: StartState): void {
    const { settings } = this;
    this.packets = 0;
    this.evidence = 0;
    this.directionEvidence[0] = this.directionEvidence[1] = 0;
    this.setWeights(0, 1, 0);
    this.reduced = false;
    this.forgetFloor();
    const prior = settings.asymmetryPrior ** 2;
    for (const filter of this.filters) filter.start(state, prior);
    this.noise[0] = new NoiseLaw(state.jitter, this.shape, settings, this.resolution);
    this.noise[1] = new NoiseLaw(state.jitter, this.shape, settings, this.resolution);
  }

  /** One packet; what the filters see in it is left in `looks`. `learn` false: a replay, the law stays. */
  observe(arrival: Arrival, looks: Looks, learn: boolean): void {
    const { settings, filters, weights } = this;
    const direction: Direction = arrival.toRemote ? 1 : 0;
    const law = this.noise[direction];
    const isLater = arrival.dt > 0;
    arrival.floorWander = settings.floorWander * law.variance;
    const independent = law.correlation === 1;
    const power = 1 / law.correlation;
    const keep = 1 - power / settings.wanderMemory;
    this.packets++;
    let evidence = 0;
    const middle = filters[1];
    if (isLater) middle.predict(arrival, settings);
    if (independent) {
      const look = looks[1];
      middle.absorb(arrival, law.own, look);
      look.normalize();
      const gained = look.logEvidence;
      middle.evidence = middle.evidence * keep + gained;
      evidence = this.reduced ? gained : weights[1] * gained;
    } else {
      this.observeTempered(arrival, law, looks, learn);
      evidence = looks[1].logEvidence / law.correlation;
    }
    if (!this.reduced) {
      for (let i = 0; i < 3; i += 2) {
        const filter = i === 0 ? filters[0] : filters[2];
        const look = i === 0 ? looks[0] : looks[2];
        if (isLater) filter.predict(arrival, settings);
        filter.absorb(arrival, law.effective, look);
        const gained = look.logEvidence;
        filter.evidence = filter.evidence * keep + power * gained;
        if (independent) evidence += (i === 0 ? weights[0] : weights[2]) * gained;
      }
    }
    const keepShape = 1 - power / settings.shapeMemory;
    this.evidence = this.evidence * keepShape + evidence;
    this.directionEvidence[direction] = this.directionEvidence[direction] * keepShape + evidence;
    filters[1].widenFloor(this);
    if (learn) this.learn(law, looks, independent);
    if (this.reduced) {
      this.offset = middle.offset;
      this.rate = middle.rate;
      return;
    }
    if (this.packets > 20) this.shiftTriple();
    this.weigh();
  }

  /** Runs one filter only, or all three again as copies of the middle one. */
  setReduced(reduced: boolean): void {
    if (reduced === this.reduced) return;
    this.reduced = reduced;
    const [low, middle, high] = this.filters;
    if (reduced) this.setWeights(0, 1, 0);
    else {
      low.copy(middle);
      high.copy(middle);
      low.evidence = high.evidence = middle.evidence - 0.5;
    }
    low.wander = (this.wander / this.settings.wanderRatio) ** 2;
    high.wander = (this.wander * this.settings.wanderRatio) ** 2;
  }

  /** A hopeless shape gets the best one's state and scale, and a new chance. */
  reseed(best: NoiseShape): void {
    this.filters.forEach((filter, i) => {
      const from = best.filters[i];
      if (from === undefined) return;
      filter.copy(from);
      filter.wander = from.wander;
    });
    this.wander = best.wander;
    this.evidence = best.evidence - 25;
    this.lowestFloor = best.lowestFloor;
    this.highestFloor = best.highestFloor;
    for (const direction of [0, 1] as const) {
      const from = best.noise[direction];
      const law = new NoiseLaw(Math.sqrt(from.variance), this.shape, this.settings, this.resolution);
      law.temper(from.correlation);
      this.noise[direction] = law;
    }
  }

  /** Keeps the filters as they are now; restore() returns to them. */
  save(): void {
    for (let i = 0; i < 3; i++) this.filters[i]!.save(this.saved, this.savedAt + i * stateSize);
    this.savedEvidence = this.evidence;
  }

  restore(): void {
    for (let i = 0; i < 3; i++) this.filters[i]!.restore(this.saved, this.savedAt + i * stateSize);
    this.evidence = this.savedEvidence;
  }

  /** Makes `into` the middle filter as it was kept, but for its wander. */
  readSavedMiddle(into: FloorFilter): FloorFilter {
    return into.restore(this.saved, this.savedAt + stateSize);
  }

  /** The extremes of the floor start anew. */
  forgetFloor(): void {
    this.lowestFloor = Number.POSITIVE_INFINITY;
    this.highestFloor = Number.NEGATIVE_INFINITY;
  }

  /** Autocorrelated queueing: judged and learnt by the true law, applied with the effective one. */
  private observeTempered(arrival: Arrival, law: NoiseLaw, [again, look]: Looks, learn: boolean): void {
    const middle = this.filters[1];
    const power = 1 / law.correlation;
    const keep = 1 - power / this.settings.wanderMemory;
    middle.look(arrival, law.own, look);
    look.normalize();
    if (learn) law.learn(look);
    // The low filter has not looked yet.
    middle.absorb(arrival, law.effective, again);
    again.normalize();
    middle.evidence = middle.evidence * keep + power * again.logEvidence;
    look.normalized = Math.max(look.normalized, again.normalized);
  }

  private learn(law: NoiseLaw, looks: Looks, independent: boolean): void {
    const { filters, weights } = this;
    if (independent) {
      const heaviest = this.reduced ? 1 : weights[2] > weights[1] ? 2 : weights[0] > weights[1] ? 0 : 1;
      law.learn(looks[heaviest]);
    }
    const shift = law.meanShift / 2;
    if (shift === 0) return;
    for (const filter of filters) {
      filter.floorToLocal -= shift;
      filter.floorToRemote -= shift;
    }
    this.lowestFloor -= shift;
    this.highestFloor -= shift;
  }

  private shiftTriple(): void {
    const { settings, filters } = this;
    const [low, middle, high] = filters;
    if (high.evidence - middle.evidence > settings.wanderLead && this.wander < settings.wanderMax) {
      filters[0] = middle;
      filters[1] = high;
      filters[2] = low.copy(high);
      this.wander *= settings.wanderRatio;
      low.wander = (this.wander * settings.wanderRatio) ** 2;
      low.evidence = high.evidence - 0.5;
    } else if (low.evidence - middle.evidence > settings.wanderLead && this.wander > settings.wanderMin) {
      filters[2] = middle;
      filters[1] = low;
      filters[0] = high.copy(low);
      this.wander /= settings.wanderRatio;
      high.wander = (this.wander / settings.wanderRatio) ** 2;
      high.evidence = low.evidence - 0.5;
    }
  }

  private weigh(): void {
    const [low, middle, high] = this.filters;
    const most = Math.max(low.evidence, middle.evidence, high.evidence);
    const { weights } = this;
    weights[0] = low.evidence - most;
    weights[1] = middle.evidence - most;
    weights[2] = high.evidence - most;
    exponentiate(weights);
    const sum = weights[0] + weights[1] + weights[2];
    for (let i = 0; i < 3; i++) weights[i]! /= sum;
    this.offset = weights[0] * low.offset + weights[1] * middle.offset + weights[2] * high.offset;
    this.rate = weights[0] * low.rate + weights[1] * middle.rate + weights[2] * high.rate;
  }

  private setWeights(low: number, middle: number, high: number): void {
    this.weights[0] = low;
    this.weights[1] = middle;
    this.weights[2] = high;
  }
}
