/** An ensemble whose process ends once and begins again: what it knew goes through JSON, as it does through the agent's disk. */
import {
  type ClockEnsemble,
  type ClockMemory,
  type ClockStability,
  type Decision,
  Ensemble,
  type EnsembleConfig,
  type ForeignSteering,
  type LinkDescription,
  type Measurement,
  movePhase,
  readClockMemory,
  type SteeringReading,
  type TemperatureReading,
} from "@meridian/engine";

/** The new process counts steering from elsewhere, ns. */
const shift = -123_456;

export class RestartedEnsemble implements ClockEnsemble {
  readonly #dies: number;
  readonly #begins: number;
  readonly #saves: number;
  #config: EnsembleConfig;
  #inner: Ensemble;
  #memory: string | null = null;
  #isDead = false;
  #restarted = false;
  #last: SteeringReading | null = null;

  /**
   * @param diesAfter s of raw time; Infinity: it never does. @param away s until the next process begins
   * @param savedAgo s before its end at which it wrote down what it knew for the last time
   */
  constructor(config: EnsembleConfig, raw: number, diesAfter: number, away: number, savedAgo = 0) {
    this.#config = config;
    this.#inner = new Ensemble(config, raw);
    this.#dies = raw + diesAfter;
    this.#begins = this.#dies + away;
    this.#saves = this.#dies - savedAgo;
  }

  configure(config: EnsembleConfig, raw: number): void {
    this.#config = config;
    this.#inner.configure(config, raw);
  }

  observe(measurement: Measurement): void {
    if (this.#lives(measurement.at)) this.#inner.observe({ ...measurement, steering: measurement.steering + this.#shift });
  }

  steered(reading: SteeringReading): void {
    this.#last = reading;
    if (this.#lives(reading.raw)) this.#inner.steered({ ...reading, steering: reading.steering + this.#shift });
  }

  sense(reading: TemperatureReading): void {
    if (this.#lives(reading.at)) this.#inner.sense(reading);
  }

  share(foreign: ForeignSteering | null): void {
    this.#inner.share(foreign);
  }

  advance(raw: number): Decision {
    return this.#lives(raw) ? this.#inner.advance(raw) : { commands: [], steps: [], publication: null };
  }

  deadline(): number {
    return this.#isDead ? this.#begins : this.#inner.deadline();
  }

  patience(): number {
    return this.#inner.patience();
  }

  remember(raw: number): ClockMemory | null {
    return this.#inner.remember(raw);
  }

  recall(memory: ClockMemory, raw: number): void {
    this.#inner.recall(memory, raw);
  }

  describeLinks(raw: number): readonly LinkDescription[] {
    return this.#inner.describeLinks(raw);
  }

  describeStability(): ClockStability | null {
    return this.#inner.describeStability();
  }

  get #shift(): number {
    return this.#restarted ? shift : 0;
  }

  #lives(raw: number): boolean {
    if (this.#restarted) return true;
    if (raw >= this.#saves) this.#memory ??= JSON.stringify(this.#inner.remember(raw));
    if (raw < this.#dies) return true;
    this.#isDead = true;
    if (raw >= this.#begins) this.#begin(raw);
    return this.#restarted;
  }

  #begin(raw: number): void {
    this.#restarted = true;
    this.#isDead = false;
    this.#inner = new Ensemble(this.#config, raw);
    const memory = readClockMemory(JSON.parse(this.#memory ?? "null"), this.#config.clock);
    if (memory) this.#inner.recall({ ...memory, phase: memory.phase && movePhase(memory.phase, shift) }, raw);
    if (this.#last !== null) this.steered(this.#last);
  }
}
