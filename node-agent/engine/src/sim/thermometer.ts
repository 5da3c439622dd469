/** A sensor beside the crystal. What it says lags behind what the crystal feels, because a sensor is warmed up, too. */
import type { TemperatureReading } from "../ensemble/thermometers.js";
import type { Raw } from "../time/units.js";
import type { Random } from "./random.js";
import type { TemperatureProfile } from "./temperature.js";
import type { World } from "./world.js";

export class Thermometer {
  private readonly settings: NonNullable<World["thermometer"]>;
  private readonly profile: TemperatureProfile;
  private readonly random: Random;
  private celsius: number;

  constructor(settings: NonNullable<World["thermometer"]>, profile: TemperatureProfile, random: Random) {
    this.settings = settings;
    this.profile = profile;
    this.random = random;
    this.celsius = profile(0);
  }

  /** Once a second, in order. @returns null when nobody reads it now */
  read(second: number, raw: Raw): TemperatureReading | null {
    const { interval, lag, noise, isSilent } = this.settings;
    const share = lag === 0 ? 1 : 1 - Math.exp(-1 / lag);
    this.celsius += share * (this.profile(second) - this.celsius);
    if (second % interval !== 0 || isSilent?.(second) === true) return null;
    return { sensor: "board", celsius: this.celsius + noise * this.random.normal(), at: raw };
  }
}
