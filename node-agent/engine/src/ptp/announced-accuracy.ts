/**
 * What is announced of a reference that this node does not own but keeps by others (IEEE 1588-2019 7.6.2.5, 7.6.2.6): its class by
 * the state of the clock, its accuracy by the bound that is proven of it now. Nobody can vouch beforehand for what others say, and a
 * loop over several nodes shows as an accuracy that grows.
 *
 * A worse value is announced at once, a better one when it has lasted: accuracy takes part in the choice of the best timeTransmitter
 * (9.3.4), and one that flaps would make others change sides.
 */
import type { Nanoseconds, Raw } from "../time/units.js";
import { accuracyCode, unknownAccuracy } from "./clock-accuracy.js";

/** A better accuracy must have lasted that long, s. */
const holdDown = 60;
/** clockClass of table 4: locked to a reference, in holdover within its specification, not to be relied on. */
export const clockClass = { locked: 6, holdover: 7, unlocked: 248 } as const;

/** A clock that is kept by others, as of now. */
export interface KeptTime {
  readonly isHoldover: boolean;
  /** Proven error, ns; null: nothing is proven. */
  readonly error: Nanoseconds | null;
}

export interface AnnouncedQuality {
  readonly clockClass: number;
  readonly clockAccuracy: number;
}

export class AnnouncedAccuracy {
  #code: number | null = null;
  /** Since when something better than the announced code is true, and the worst of it; null: nothing is. */
  #better: { readonly since: Raw; code: number } | null = null;

  /** @param least of what the owner vouches for, ns: it is never announced as better than that */
  at(raw: Raw, { isHoldover, error }: KeptTime, least: Nanoseconds): AnnouncedQuality {
    if (error === null) {
      this.#code = this.#better = null;
      return { clockClass: clockClass.unlocked, clockAccuracy: unknownAccuracy };
    }
    const present = accuracyCode(Math.max(least, error));
    if (this.#code === null || present >= this.#code) {
      this.#code = present;
      this.#better = null;
    } else {
      this.#better ??= { since: raw, code: present };
      this.#better.code = Math.max(this.#better.code, present);
      if (raw - this.#better.since >= holdDown) {
        this.#code = this.#better.code;
        this.#better = null;
      }
    }
    return { clockClass: isHoldover ? clockClass.holdover : clockClass.locked, clockAccuracy: this.#code };
  }
}
