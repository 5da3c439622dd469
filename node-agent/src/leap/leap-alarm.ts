/**
 * The table of leap seconds that this agent was built with has an end. The alarm comes while there is time to put a newer agent in its
 * place, and only from a clock that knows what day it is.
 */
import { judgeLeapTable, type LeapTableState, leapTable, type Publication } from "@meridian/engine";

export class LeapAlarm {
  readonly #now: () => number;
  #state: LeapTableState | null = null;

  /** @param now the node's clock, POSIX ms */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** null: this clock cannot tell. */
  get state(): LeapTableState | null {
    return this.#state;
  }

  /** @returns the state when it has become another one and is worth telling */
  watch({ state }: Pick<Publication, "state">): LeapTableState | null {
    if (state !== "PhaseAligned" && state !== "Holdover") return null;
    const before = this.#state;
    this.#state = judgeLeapTable(this.#now() / 1e3);
    return this.#state === before || (before === null && this.#state === "Valid") ? null : this.#state;
  }
}

/** When the table ends, as a date. */
export const leapTableEnd = (): string => new Date(leapTable.validUntil * 1e3).toISOString().slice(0, 10);
