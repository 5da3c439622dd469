/**
 * What every restated peer has in common: it stands where the ensemble stands in the simulator, so that both see the same packets and
 * obey the same limits. It publishes nothing: only its clock is judged.
 */
import type {
  ClockEnsemble,
  ClockMemory,
  Command,
  Decision,
  EnsembleConfig,
  ForeignSteering,
  LinkDescription,
  Measurement,
  Nanoseconds,
  Ppb,
  Raw,
  SteeringReading,
  StepAction,
} from "@meridian/engine";

const never = Number.POSITIVE_INFINITY;

export abstract class PeerClock implements ClockEnsemble {
  protected readonly config: EnsembleConfig;
  #reading: SteeringReading;
  #command: Command | null = null;
  #pending: Measurement[] = [];
  #commands: Command[] = [];
  #steps: StepAction[] = [];

  constructor(config: EnsembleConfig, raw: Raw) {
    this.config = config;
    this.#reading = { clock: config.clock, raw, steering: 0, frequency: 0, era: 0 };
  }

  /** A packet came at `raw`; what it leads to is said by steer() and step(). */
  protected abstract take(measurement: Measurement, raw: Raw): void;

  /** Runs at −`fast` ppb from now on; until `untilRaw` another −`slew` on top. All within the limit that everybody has. */
  protected steer(fast: Ppb, slew: Ppb = 0, untilRaw: Raw = never): void {
    const limit = (ppb: Ppb) => Math.max(-this.config.maxSlew, Math.min(this.config.maxSlew, ppb));
    this.#commands.push({ clock: this.config.clock, ppb: limit(-fast - slew), untilRaw, thenPpb: limit(-fast) });
  }

  protected step(by: Nanoseconds): void {
    this.#steps.push({ clock: this.config.clock, by });
  }

  /** What steering has done to the clock by `raw`, ns. */
  protected steeringAt(raw: Raw): Nanoseconds {
    const { raw: since, steering, frequency } = this.#reading;
    const { untilRaw, thenPpb } = this.#command ?? { untilRaw: never, thenPpb: frequency };
    const turn = Math.min(raw, Math.max(since, untilRaw));
    return steering + frequency * (turn - since) + thenPpb * (raw - turn);
  }

  observe(measurement: Measurement): void {
    this.#pending.push(measurement);
  }

  steered(reading: SteeringReading): void {
    this.#reading = reading;
  }

  advance(raw: Raw): Decision {
    const pending = this.#pending;
    this.#pending = [];
    for (const measurement of pending) this.take(measurement, raw);
    const [commands, steps] = [this.#commands, this.#steps];
    this.#commands = [];
    this.#steps = [];
    this.#command = commands.at(-1) ?? this.#command;
    return { commands, steps, publication: null };
  }

  configure(_config: EnsembleConfig, _raw: Raw): void {}

  sense(): void {}

  share(_foreign: ForeignSteering | null): void {}

  deadline(): Raw {
    return never;
  }

  patience(): number {
    return 0;
  }

  remember(_raw: Raw): ClockMemory | null {
    return null;
  }

  recall(_memory: ClockMemory, _raw: Raw): void {}

  describeLinks(_raw: Raw): readonly LinkDescription[] {
    return [];
  }

  describeStability(): null {
    return null;
  }
}
