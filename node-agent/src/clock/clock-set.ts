/**
 * The clocks of this node by name, each opened once: two names of one device share a handle, so there is one writer per clock
 * by construction. Only the node's own clock is opened for steering; references are read.
 */
import { type Clock, describePhc, type PhcDescription } from "@meridian/native";
import { clockReading } from "@meridian/native/layout";
import { type Mode, systemClockName } from "../config.js";
import { agentError, codeOf, messageOf } from "../errors.js";
import { type NativeModule, nativeModule } from "../native-module.js";
import { findPhcs, hostPhcs } from "./find-phcs.js";

/** A clock at one moment. */
export interface Reading {
  /** s of its own oscillator. */
  readonly raw: number;
  /** What steering has added since the clock was opened, ns. */
  readonly steering: number;
  /** Command in force, ppb. */
  readonly frequency: number;
  readonly era: number;
}

/** A clock that may be read though it may not be steered. */
const refusals = ["MER_NATIVE_NOT_STEERABLE", "EPERM", "EACCES", "EROFS"];

export class ClockSet {
  readonly #uris: ReadonlyMap<string, string>;
  readonly #native: NativeModule;
  readonly #findPhcs: () => readonly PhcDescription[];
  readonly #open = new Map<string, Clock>();
  readonly #scratch = new Float64Array(clockReading.length);
  /** Why the node's clock is not steered though it should be; null when it is, or need not be. */
  readonly notSteered: string | null;

  /**
   * Opens the node's own clock.
   * @param uris of clocks that go by other names than the kernel's, or stand in for them
   * @throws MER_AGENT_CLOCK_BUSY, MER_AGENT_CLOCK_FAILED
   */
  constructor(
    uris: ReadonlyMap<string, string>,
    mode: Mode,
    native: NativeModule = nativeModule,
    phcs: () => readonly PhcDescription[] = () => findPhcs(hostPhcs(describePhc)),
  ) {
    this.#uris = uris;
    this.#findPhcs = phcs;
    this.#native = native;
    const uri = uris.get(systemClockName) ?? "realtime:";
    let notSteered: string | null = null;
    try {
      const clock = native.Clock.open(uri, { steer: mode === "steer" });
      if (mode === "steer" && !clock.steerable) notSteered = `${uri} can only be read`;
      this.#open.set(uri, clock);
    } catch (error) {
      const code = codeOf(error, "");
      if (code === "EWOULDBLOCK" || code === "EAGAIN") throw agentError("MER_AGENT_CLOCK_BUSY", `${uri}: ${messageOf(error)}`, error);
      if (!refusals.includes(code)) throw agentError("MER_AGENT_CLOCK_FAILED", `${uri}: ${messageOf(error)}`, error);
      notSteered = messageOf(error);
      this.get(uri);
    }
    this.notSteered = notSteered;
  }

  /** All there are now, with the hardware clocks that the kernel has. */
  get names(): Iterable<[string, string]> {
    const found = this.#findPhcs().map(({ device }): [string, string] => [device, `phc:${device}`]);
    return new Map([...this.#uris, ...found.filter(([name]) => !this.#uris.has(name))]);
  }

  /** Names that mean the same clock get the same identity. @returns null when this node has no such clock */
  identify(name: string): string | null {
    const known = this.#uris.get(name);
    if (known !== undefined) return known;
    return this.#findPhcs().some(({ device }) => device === name) ? `phc:${name}` : null;
  }

  /** The node's own clock. */
  get own(): Clock {
    return this.get(this.#uris.get(systemClockName) ?? "realtime:");
  }

  get steers(): boolean {
    return this.own.steerable;
  }

  /** @param uri an identity from identify(). @throws MER_AGENT_CLOCK_FAILED */
  get(uri: string): Clock {
    const known = this.#open.get(uri);
    if (known) return known;
    try {
      const clock = this.#native.Clock.open(uri, { steer: false });
      this.#open.set(uri, clock);
      return clock;
    } catch (error) {
      throw agentError("MER_AGENT_CLOCK_FAILED", `${uri}: ${messageOf(error)}`, error);
    }
  }

  /** The node's own clock, now. */
  read(): Reading {
    const out = this.#scratch;
    this.own.read(out);
    return {
      raw: out[clockReading.raw] ?? 0,
      steering: out[clockReading.steering] ?? 0,
      frequency: out[clockReading.frequency] ?? 0,
      era: out[clockReading.era] ?? 0,
    };
  }

  /**
   * What the node's own clock would read at raw time 0 had it never been steered, ns: steering is counted from there, and another
   * process counts it from elsewhere.
   */
  readOrigin(): bigint {
    const out = this.#scratch;
    this.own.read(out);
    const ns = (index: number, unit: number): bigint => BigInt(Math.round((out[index] ?? 0) * unit));
    const clock = ns(clockReading.seconds, 1) * 1_000_000_000n + ns(clockReading.nanoseconds, 1);
    return clock - ns(clockReading.raw, 1e9) - ns(clockReading.steering, 1);
  }

  /** Raw time of the node's own clock, s. */
  now(): number {
    this.own.read(this.#scratch);
    return this.#scratch[clockReading.raw] ?? 0;
  }

  close(): void {
    for (const clock of this.#open.values()) clock.close();
    this.#open.clear();
  }
}
