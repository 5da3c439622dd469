/** A host on a segment: its clock is truth plus an offset, a frequency error and what its engine does to it. */
import type { Engine } from "../engine.js";
import type { Publication } from "../ensemble/contract.js";
import type { ClockId, Command } from "../ensemble/measurement.js";
import type { AssociationId, EngineEvent, NtpServing, PortId, Stamp, SyncTemplates } from "../host.js";
import type { Instant, Nanoseconds, Ppb } from "../time/units.js";

/** POSIX second at which a segment begins, unless it says otherwise. */
export const epochSeconds = 1_790_000_000;

export interface SegmentHostOptions {
  readonly name: string;
  readonly engine: Engine;
  /** clock − truth at the start, ns. */
  readonly offset: Nanoseconds;
  /** Of the free oscillator, ppb. */
  readonly frequency: Ppb;
}

/** Another clock of a host, as a hardware clock is; null: it cannot be read. */
export type OtherClock = (at: number) => { readonly instant: Instant; readonly era: number } | null;

/** Sync and Follow_Up of one transmitting instance. */
export interface Program {
  readonly templates: SyncTemplates;
  readonly port: PortId;
  sequence: number;
  next: number;
}

/** A host on the segment. Read it; the segment drives it. */
export class SegmentHost {
  readonly name: string;
  readonly engine: Engine;
  readonly publications: { readonly at: number; readonly what: Publication }[] = [];
  readonly events: EngineEvent[] = [];
  readonly steps: { readonly at: number; readonly by: Nanoseconds }[] = [];
  /** Ports that exist; a test takes one away to break it. */
  readonly interfaces = new Set<PortId>(["eth0"]);
  readonly open = new Set<PortId>();
  /** Clocks that it has besides its own, by name. */
  readonly otherClocks = new Map<ClockId, OtherClock>();
  readonly programs = new Map<string, Program>();
  /** Sockets of associations, with the server's address once its name is resolved. */
  readonly associations = new Map<AssociationId, { readonly opening: symbol; readonly address: string | null }>();
  /** What it answers NTP clients, since which raw time; null: nothing. */
  serving: { readonly server: NtpServing; readonly since: number } | null = null;
  /** IPv4, dotted. */
  readonly address: string;
  era = 0;
  readonly #epoch: number;
  readonly #offset: Nanoseconds;
  readonly #frequency: Ppb;
  readonly #hardwareAddress: Uint8Array;
  #steering: Nanoseconds = 0;
  #steeringRaw = 0;
  #command: Pick<Command, "ppb" | "untilRaw" | "thenPpb"> = { ppb: 0, untilRaw: Number.POSITIVE_INFINITY, thenPpb: 0 };

  /** @param epoch POSIX second at which its segment begins */
  constructor(options: SegmentHostOptions, number: number, epoch: number = epochSeconds) {
    this.#epoch = epoch;
    this.name = options.name;
    this.engine = options.engine;
    this.#offset = options.offset;
    this.#frequency = options.frequency;
    this.address = `10.0.0.${number}`;
    this.#hardwareAddress = Uint8Array.of(2, 0, 0, 0, 0, number);
  }

  raw(at: number): number {
    return at * (1 + this.#frequency * 1e-9);
  }

  /** When this host's raw time will be `raw`. */
  whenRaw(raw: number): number {
    return raw / (1 + this.#frequency * 1e-9);
  }

  /** What steering has done by then, ns. Time only goes forward. */
  steeringAt(at: number): Nanoseconds {
    const raw = this.raw(at);
    const { untilRaw, thenPpb } = this.#command;
    if (raw > untilRaw) {
      this.#advance(untilRaw);
      this.#command = { ppb: thenPpb, untilRaw: Number.POSITIVE_INFINITY, thenPpb };
    }
    this.#advance(raw);
    return this.#steering;
  }

  /** clock − truth, ns. */
  errorAt(at: number): Nanoseconds {
    return this.#offset + at * this.#frequency + this.steeringAt(at);
  }

  get frequencyCommand(): Ppb {
    return this.#command.ppb;
  }

  stamp(at: number): Stamp {
    const ns = Math.round(at * 1e9 + this.errorAt(at));
    const seconds = Math.floor(ns / 1e9);
    return { seconds: this.#epoch + seconds, nanoseconds: ns - seconds * 1e9, raw: this.raw(at), steering: this.#steering };
  }

  command(at: number, command: Command): void {
    this.steeringAt(at);
    this.#command = command;
  }

  step(at: number, by: Nanoseconds): void {
    this.steeringAt(at);
    this.#steering += by;
    this.era += 1;
    this.steps.push({ at, by });
  }

  get hardwareAddress(): Uint8Array {
    return this.#hardwareAddress;
  }

  #advance(raw: number): void {
    this.#steering += (raw - this.#steeringRaw) * this.#command.ppb;
    this.#steeringRaw = raw;
  }
}
