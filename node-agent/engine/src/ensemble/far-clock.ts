/**
 * A clock that is years off (no battery, a host that was never set) cannot be measured: a double holds its offset to hundreds of
 * nanoseconds only, and nothing of it fits the filters. It is set first, roughly, by what all sources agree on; then it is measured
 * like any other.
 */
import type { Nanoseconds } from "../time/units.js";
import type { LinkId, Measurement } from "./measurement.js";
import { largestValue } from "./source-link.js";

/** Exchanges of a source that must say the same, and by how much they and other sources may differ, ns. */
const leastExchanges = 3;
const agreement = 1e9;
/** No path takes that long there and back, ns. */
const longestRoundTrip = 10e9;

interface FarLink {
  toLocal: Nanoseconds | null;
  /** Half the difference of the last exchanges, oldest first. */
  offsets: Nanoseconds[];
}

export class FarClock {
  readonly #links = new Map<LinkId, FarLink>();
  /** Some source finds the clock near: then the others lie, or it was set meanwhile. */
  #isNear = false;

  /** @returns true when the measurement is too far off for a filter */
  observe({ kind, link, value, remoteState }: Measurement): boolean {
    if (!Number.isFinite(value) || remoteState.scale === "ARB" || remoteState.uncertain) return false;
    if (Math.abs(value) <= largestValue) {
      this.#isNear = true;
      return false;
    }
    const far = this.#links.get(link) ?? { toLocal: null, offsets: [] };
    this.#links.set(link, far);
    if (kind === "toLocal") far.toLocal = value;
    else if (far.toLocal !== null && Math.abs(far.toLocal + value) < longestRoundTrip) {
      far.offsets = [...far.offsets.slice(1 - leastExchanges), (far.toLocal - value) / 2];
      far.toLocal = null;
    }
    return true;
  }

  /** local − reference that all who were heard agree on, ns; null: not known, or no reason to set the clock. */
  get offset(): Nanoseconds | null {
    const all = [...this.#links.values()];
    const [first] = all[0]?.offsets ?? [];
    if (this.#isNear || first === undefined) return null;
    const agree = all.every(({ offsets }) => offsets.length >= leastExchanges && offsets.every((one) => Math.abs(one - first) < agreement));
    return agree ? first : null;
  }

  /** The clock was set. */
  forget(): void {
    this.#links.clear();
    this.#isNear = false;
  }
}
