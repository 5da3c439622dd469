/**
 * The bank of a link: every hypothesis about the shape of its queueing hears every packet, and their estimates are combined by their
 * evidence. The leading one's law is the link's. Lives in the raw frame; floats mutated in place, deterministic.
 */
import type { Nanoseconds, Ppb, Raw } from "../../time/units.js";
import { createArrival } from "./arrival.js";
import { type Finding, hasOneWayRoute, inflate, movesFloor } from "./discontinuity.js";
import { exponential } from "./exponential.js";
import { FloorFilter } from "./floor-filter.js";
import type { LinkSettings } from "./link-settings.js";
import type { Start } from "./link-start.js";
import { createLooks, type Look } from "./look.js";
import { NoiseShape } from "./noise-shape.js";
import { createRoom } from "./shape-room.js";
import type { Packet } from "./start-fit.js";

/** After so many packets the floor is still being found: its extremes so far are those of the search. */
const floorSearch: readonly number[] = [64, 256, 1024];
/** Packets between two looks for shapes that are hopeless, a power of two. */
const reviewSpacing = 512;
/** A packet that came up to so many scales later than the floor is as usual. */
const ordinary = 4;
/** Packets before a shape may be reduced. */
const reduceAfter = 64;

export class ShapeBank {
  /** Combined estimate as of `raw`: raw-frame offset, ns, and rate, ppb. */
  offset: Nanoseconds = 0;
  rate: Ppb = 0;
  raw: Raw = 0;
  /** Packets since the start; the same weighted by their independence. */
  packets = 0;
  effectivePackets = 0;
  readonly shapes: readonly NoiseShape[];
  /** Probability of each shape. */
  readonly weights: Float64Array;
  private best = 0;
  private readonly settings: LinkSettings;
  /** For questions: neither a shape nor a hypothesis. */
  private readonly probe: FloorFilter;
  private readonly looks = createLooks();
  private readonly arrival = createArrival();

  /** `resolution` of the stamps, ns. */
  constructor(settings: LinkSettings, resolution: Nanoseconds) {
    this.settings = settings;
    const room = createRoom(settings.shapes.length);
    this.probe = new FloorFilter(0, room.buffer, room.probeIndex);
    this.shapes = settings.shapes.map((shape, index) => new NoiseShape(settings, shape, resolution, room, index));
    this.weights = new Float64Array(this.shapes.length).fill(1 / this.shapes.length);
  }

  /** The leading shape. */
  get shape(): NoiseShape {
    return this.shapes[this.best]!;
  }

  /** Its index. */
  get shapeIndex(): number {
    return this.best;
  }

  /** What the leading shape's middle filter saw in the newest packet. */
  get look(): Look {
    return this.looks[1];
  }

  /** Extrapolated offset, ns. */
  offsetAt(raw: Raw): Nanoseconds {
    return this.offset + this.rate * (raw - this.raw);
  }

  /** Weighted mean floor of one shape, ns. */
  meanFloorOf(index: number): Nanoseconds {
    const { filters, weights } = this.shapes[index]!;
    return weights[0] * filters[0].meanFloor + weights[1] * filters[1].meanFloor + weights[2] * filters[2].meanFloor;
  }

  /** Begins with a fit and hears its packets again; `isCalm` as combine() has it. */
  start({ fit, packets }: Start, isCalm: boolean): void {
    for (const shape of this.shapes) shape.start(fit);
    this.raw = packets[0]!.raw;
    this.effectivePackets = this.packets = 0;
    for (const packet of packets) {
      this.observe(packet, true);
      this.combine(isCalm);
    }
  }

  /** False: a packet that came as late as usual, 0 < residual < 4 scales, is not looked at twice. */
  mayBeOdd({ direction, value, raw }: Packet): boolean {
    const { shape } = this;
    const middle = shape.filters[1];
    const law = shape.noise[direction];
    const offset = middle.offset + middle.rate * (raw - this.raw);
    const residual = direction === 1 ? value + offset - middle.floorToRemote : value - offset - middle.floorToLocal;
    return !(residual > 0 && residual < ordinary * law.scale && law.correlation === 1);
  }

  /** What the leading shape's middle filter would see in a packet; no filter hears it. Good until the next packet. */
  foresee(packet: Packet): Look {
    const { settings, probe, arrival, shape, look } = this;
    const middle = shape.filters[1];
    this.describeArrival(packet);
    arrival.floorWander = 0;
    probe.copy(middle);
    probe.wander = middle.wander;
    if (arrival.dt > 0) probe.predict(arrival, settings);
    probe.look(arrival, shape.noise[packet.direction].own, look);
    look.normalize();
    return look;
  }

  /** One packet enters every shape; combine() makes an estimate of it. `learn` false: a replay, the laws stay. */
  observe(packet: Packet, learn: boolean): void {
    const { arrival, shapes, looks, shape: leading } = this;
    this.describeArrival(packet);
    if (arrival.dt > 0) this.raw = packet.raw;
    this.packets++;
    this.effectivePackets += 1 / leading.noise[packet.direction].correlation;
    for (const shape of shapes) if (shape !== leading) shape.observe(arrival, looks, learn);
    // Last: what it sees is what is left in the looks.
    leading.observe(arrival, looks, learn);
  }

  /** `isCalm`: nothing odd is under test, so shapes may be seeded anew or run one filter only. */
  combine(isCalm: boolean): void {
    const { settings, shapes, weights, packets } = this;
    if (packets % reviewSpacing === reviewSpacing - 1 && isCalm) {
      const best = this.shape;
      for (const shape of shapes) if (shape.evidence < best.evidence - settings.hopeless) shape.reseed(best);
    }
    let most = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < shapes.length; i++) {
      const evidence = shapes[i]!.evidence;
      if (evidence <= most) continue;
      most = evidence;
      this.best = i;
    }
    if (floorSearch.includes(packets)) for (const shape of shapes) shape.forgetFloor();
    let sum = 0;
    for (let i = 0; i < shapes.length; i++) sum += weights[i] = exponential(shapes[i]!.evidence - most);
    let offset = 0;
    let rate = 0;
    for (let i = 0; i < shapes.length; i++) {
      const shape = shapes[i]!;
      const weight = (weights[i]! /= sum);
      offset += weight * shape.offset;
      rate += weight * shape.rate;
      if (packets > reduceAfter && isCalm)
        shape.setReduced(shape.evidence < most - (shape.reduced ? 0.5 * settings.reduced : settings.reduced));
    }
    this.offset = offset;
    this.rate = rate;
  }

  /** The correlation of queueing is `packets` now. */
  temper(packets: number): void {
    for (const { noise } of this.shapes) {
      noise[0].temper(packets);
      noise[1].temper(packets);
    }
  }

  /** Keeps every shape as it is now: before what may be odd. */
  save(): void {
    for (const shape of this.shapes) shape.save();
  }

  /** Returns to what save() kept, as of `start`, and hears the packets since then again, the change that was found among them. */
  replay(packets: readonly Packet[], finding: Finding, start: Raw): void {
    const { shapes } = this;
    for (const shape of shapes) shape.restore();
    const floors = shapes.map((shape) => shape.filters[1].meanFloor);
    this.raw = start;
    packets.forEach((packet, i) => {
      if (i === finding.at) for (const shape of shapes) for (const filter of shape.filters) inflate(filter, finding);
      this.observe(packet, false);
    });
    if (!movesFloor(finding)) return;
    shapes.forEach((shape, i) => {
      const jump = shape.filters[1].meanFloor - floors[i]!;
      shape.lowestFloor += jump;
      shape.highestFloor += jump;
      if (!hasOneWayRoute(finding)) return;
      for (const filter of shape.filters) filter.restAsymmetry = 0.5 * (filter.floorToLocal - filter.floorToRemote);
    });
  }

  /** The leading shape's middle filter as save() kept it, but for its wander; good until the next question. */
  readSavedMiddle(): FloorFilter {
    return this.shape.readSavedMiddle(this.probe);
  }

  /** The oscillator moved offset and rate by dx ns, dr ppb while nothing was heard: that is known to within a third. */
  absorbDrift(dx: Nanoseconds, dr: Ppb): void {
    for (const shape of this.shapes) {
      for (const filter of shape.filters) {
        filter.offset += dx;
        filter.moveRate(dr, 0.09 * dr * dr);
      }
      shape.offset += dx;
      shape.rate += dr;
    }
    this.offset += dx;
    this.rate += dr;
  }

  /** Moves the rate and believes it that much less, ppb. */
  forceRate(by: Ppb): void {
    for (const shape of this.shapes) {
      for (const filter of shape.filters) filter.moveRate(by, by * by);
      shape.rate += by;
    }
    this.rate += by;
  }

  /** Moves the offset at the cost of the floors and believes both that much less, ns. */
  forceOffset(by: Nanoseconds): void {
    for (const shape of this.shapes) {
      for (const filter of shape.filters) filter.forceOffset(by);
      shape.offset += by;
    }
    this.offset += by;
  }

  /** The mean floor may have moved by so much, ns. */
  releaseFloor(by: Nanoseconds): void {
    const variance = by ** 2;
    if (!(variance > 0)) return;
    for (const shape of this.shapes) for (const filter of shape.filters) filter.releaseFloors(variance);
  }

  private describeArrival({ direction, value, raw }: Packet): void {
    const { arrival } = this;
    const dt = raw - this.raw;
    arrival.toRemote = direction === 1;
    arrival.value = value;
    arrival.dt = dt;
    arrival.age = dt < 0 ? -dt : 0;
  }
}
