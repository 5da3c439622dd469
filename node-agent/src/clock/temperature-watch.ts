/** Reads the node's thermometers while the agent runs. A sensor that does not answer is left out until it does. */
import { findThermometers, readCelsius, type Thermometer } from "./thermometers.js";

const everyMs = 10_000;

export class TemperatureWatch {
  readonly #tell: (sensor: string, celsius: number) => void;
  readonly #root: string | undefined;
  readonly #everyMs: number;
  #thermometers: readonly Thermometer[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Sensors that have not answered yet. */
  readonly #asked = new Set<string>();

  /** @param root default: the kernel's @param periodMs 10 s unless a test is in a hurry */
  constructor(tell: (sensor: string, celsius: number) => void, root?: string, periodMs = everyMs) {
    this.#tell = tell;
    this.#root = root;
    this.#everyMs = periodMs;
  }

  start(): void {
    void this.#read();
    this.#timer = setInterval(() => void this.#read(), this.#everyMs);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #read(): Promise<void> {
    // A driver may be loaded after the agent was started.
    if (this.#thermometers.length === 0) this.#thermometers = await findThermometers(this.#root);
    for (const thermometer of this.#thermometers) void this.#readOne(thermometer);
  }

  async #readOne(thermometer: Thermometer): Promise<void> {
    // A bus that hangs must not be asked again and again, and keeps no other sensor waiting.
    if (this.#asked.has(thermometer.sensor)) return;
    this.#asked.add(thermometer.sensor);
    const celsius = await readCelsius(thermometer);
    this.#asked.delete(thermometer.sensor);
    if (celsius !== null && this.#timer !== undefined) this.#tell(thermometer.sensor, celsius);
  }
}
