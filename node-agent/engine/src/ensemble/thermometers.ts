/**
 * The node's thermometers as an oscillator may feel them. Its crystal is not where a sensor is: it follows what the sensor says through
 * some heat capacity, so each sensor is kept through several first-order lags (one channel each), as integrals over time: differences of
 * them are means over any span, which is what a frequency over that span is due to.
 */
import type { Raw } from "../time/units.js";

/** One look at one thermometer. */
export interface TemperatureReading {
  /** Any name; readings of one name are one sensor's. */
  readonly sensor: string;
  readonly celsius: number;
  readonly at: Raw;
}

/** Integrals of u and u² since the first reading, K·s and K²·s, with u the lagged temperature above the first reading. */
export interface Warmth {
  readonly first: number;
  readonly second: number;
}

/** Of what may lie between sensor and crystal, s: a factor of four or five apart, so that one of them is near. */
const lags = [0, 60, 300, 1200] as const;
/** Sensors that are heard; later names are ignored. */
export const mostSensors = 4;
/** A sensor that is silent for longer says nothing, s. */
const longestSilence = 60;
/** Sensors fail by saying such things, °C. */
const [coldest, hottest] = [-60, 150];

class Channel {
  readonly lag: number;
  /** Lagged temperature above the first reading, K. */
  value = 0;
  private first = 0;
  private second = 0;

  constructor(lag: number) {
    this.lag = lag;
  }

  /** `dt` s went by at `towards` K. */
  pass(dt: number, towards: number): void {
    const { first, second, value } = this.after(dt, towards);
    this.first = first;
    this.second = second;
    this.value = value;
  }

  /** Lagged temperature `dt` s on, K. */
  valueAfter(dt: number, towards: number): number {
    return this.lag === 0 ? towards : towards + (this.value - towards) * Math.exp(-dt / this.lag);
  }

  /** As it would be then; the temperature is taken to move on a straight line. */
  after(dt: number, towards: number): Warmth & { readonly value: number } {
    const value = this.valueAfter(dt, towards);
    const [a, b] = [this.value, value];
    return { value, first: this.first + ((a + b) / 2) * dt, second: this.second + ((a * a + a * b + b * b) / 3) * dt };
  }
}

interface Sensor {
  readonly base: number;
  readonly channels: readonly Channel[];
  last: Raw;
  /** Above the base, K. */
  value: number;
}

/** All that are heard, each through every lag. */
export class Thermometers {
  private readonly sensors = new Map<string, Sensor>();

  /** Readings that cannot be true, go back in time, or are of a sensor too many are not taken. */
  sense({ sensor: name, celsius, at }: TemperatureReading): void {
    if (!(celsius > coldest && celsius < hottest) || !Number.isFinite(at)) return;
    const known = this.sensors.get(name);
    if (known === undefined) {
      if (this.sensors.size >= mostSensors) return;
      this.sensors.set(name, { base: celsius, channels: lags.map((lag) => new Channel(lag)), last: at, value: 0 });
      return;
    }
    if (at <= known.last) return;
    const value = celsius - known.base;
    for (const channel of known.channels) channel.pass(at - known.last, value);
    known.last = at;
    known.value = value;
  }

  /** Channels there are; their order never changes. */
  get channels(): number {
    return this.sensors.size * lags.length;
  }

  /** All channels as of `raw`, not before the newest reading. */
  at(raw: Raw): Warmth[] {
    const all: Warmth[] = [];
    for (const { channels, last, value } of this.sensors.values())
      for (const channel of channels) {
        const { first, second } = channel.after(Math.max(0, raw - last), value);
        all.push({ first, second });
      }
    return all;
  }

  /** As valueOf() of every channel, into `values`. */
  valuesInto(values: number[], raw: Raw): void {
    let index = 0;
    for (const { channels, last, value } of this.sensors.values())
      for (const channel of channels) values[index++] = channel.valueAfter(Math.max(0, raw - last), value);
  }

  /** Lagged temperature of one channel above its first reading as of `raw`, K. */
  valueOf(index: number, raw: Raw): number {
    const sensor = this.sensorOf(index);
    const channel = sensor?.channels[index % lags.length];
    return sensor === undefined || channel === undefined ? 0 : channel.valueAfter(Math.max(0, raw - sensor.last), sensor.value);
  }

  /** It has said something lately. */
  isFresh(index: number, raw: Raw): boolean {
    const sensor = this.sensorOf(index);
    return sensor !== undefined && raw - sensor.last <= longestSilence;
  }

  private sensorOf(index: number): Sensor | undefined {
    return [...this.sensors.values()][Math.floor(index / lags.length)];
  }
}
