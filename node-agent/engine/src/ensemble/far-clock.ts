/**
 * A clock that is years off (no battery, a host that was never set) cannot be measured: a double holds its offset to hundreds of
 * nanoseconds only, and nothing of it fits the filters. It is set first, roughly, by what most sources say; then it is measured like
 * any other. A source that is years off beside others that are not is a liar, and is told so.
 */
import type { Nanoseconds, Raw } from "../time/units.js";
import type { LinkConfig } from "./contract.js";
import type { LinkId, Measurement } from "./measurement.js";
import { largestValue } from "./source-link.js";

/** Exchanges of a source that must say the same, and by how much they and other sources may differ, ns. */
const leastExchanges = 3;
const agreement = 1e9;
/** No path takes that long there and back, ns. */
const longestRoundTrip = 10e9;
/** A year more or less is not decided before the others had their chance: on most of those who answer only after that long, s. */
const patience = 60;
/** What a source said that long ago counts no more, s, or that many of its intervals. */
const memorySeconds = 30;
const memoryIntervals = 8;

interface Saying {
  /** Half the difference of the last exchanges, oldest first, ns; empty: it finds the clock near. */
  readonly offsets: Nanoseconds[];
  toLocal: Nanoseconds | null;
  at: Raw;
}

export class FarClock {
  readonly #sayings = new Map<LinkId, Saying>();
  #firstFar: Raw | null = null;

  /** Links are those that are configured. @returns true when the measurement is too far off for a filter */
  observe({ kind, link, value, at, remoteState }: Measurement): boolean {
    if (!Number.isFinite(value) || remoteState.scale === "ARB" || remoteState.uncertain) return false;
    const saying = this.#sayingOf(link);
    saying.at = at;
    // Every packet of every healthy source comes this way: nothing is made for it.
    if (Math.abs(value) <= largestValue) {
      saying.offsets.length = 0;
      saying.toLocal = null;
      return false;
    }
    this.#firstFar ??= at;
    const { offsets, toLocal } = saying;
    saying.toLocal = kind === "toLocal" ? value : null;
    if (kind === "toLocal" || toLocal === null || Math.abs(toLocal + value) >= longestRoundTrip) return true;
    if (offsets.length >= leastExchanges) offsets.shift();
    offsets.push((toLocal - value) / 2);
    return true;
  }

  /** At least half of those that are heard and may steer find the clock years off: nothing else that is said of it can be believed. */
  isDisputed(links: readonly LinkConfig[], now: Raw): boolean {
    if (this.#firstFar === null) return false;
    const heard = this.#heard(links, now);
    const far = countGroups(heard.filter(({ saying }) => saying.offsets.length > 0));
    return far > 0 && 2 * far >= countGroups(heard);
  }

  /**
   * local − reference that most independent sources agree on, ns; null: not known, or no reason to set the clock. Watchdogs never steer.
   * At first most of all that are configured, after a minute most of those that answer.
   */
  offset(links: readonly LinkConfig[], now: Raw): Nanoseconds | null {
    if (this.#firstFar === null) return null;
    const steering = links.filter(({ use }) => use !== "Watchdog");
    const heard = this.#heard(steering, now);
    const waited = now - this.#firstFar >= patience;
    const voters = waited ? countGroups(heard) : countGroups(steering.map((link) => ({ link })));
    for (const { saying } of heard) {
      const [first] = saying.offsets;
      if (first === undefined) continue;
      const agreeing = heard.filter(
        ({ saying: { offsets } }) => offsets.length >= leastExchanges && offsets.every((one) => Math.abs(one - first) < agreement),
      );
      if (2 * countGroups(agreeing) > voters) return first;
    }
    return null;
  }

  /** The clock was set. */
  forget(): void {
    this.#sayings.clear();
    this.#firstFar = null;
  }

  #sayingOf(link: LinkId): Saying {
    let saying = this.#sayings.get(link);
    if (saying === undefined) this.#sayings.set(link, (saying = { offsets: [], toLocal: null, at: Number.NEGATIVE_INFINITY }));
    return saying;
  }

  #heard(links: readonly LinkConfig[], now: Raw): { readonly link: LinkConfig; readonly saying: Saying }[] {
    return links.flatMap((link) => {
      const saying = this.#sayings.get(link.id);
      return link.use !== "Watchdog" && saying !== undefined && isFresh(saying, link, now) ? [{ link, saying }] : [];
    });
  }
}

function isFresh({ at }: Saying, { interval }: LinkConfig, now: Raw): boolean {
  return now - at <= Math.max(memorySeconds, memoryIntervals * interval);
}

/** Sources of one group count once. */
function countGroups(of: readonly { readonly link: LinkConfig }[]): number {
  return new Set(of.map(({ link: { id, independenceGroup } }) => independenceGroup || id)).size;
}
