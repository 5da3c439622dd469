/**
 * How fast NodeClock statuses are written. When a grandmaster of 5,000 nodes falls silent, 5,000 statuses change at once; the
 * domain's own status says so in one write, and theirs follow at a pace that the API server does not notice. Worse news has
 * most of the budget to itself, so that good news never stands in its way.
 *
 * A write that has to wait gets a place in its queue and is made when the place comes, with what is true then: whatever
 * changes in between costs nothing.
 */
export type Urgency = "worse" | "other";

export interface Pace {
  /** Writes per second over a long time. */
  readonly perSecond: number;
  /** Writes at once after a quiet time. */
  readonly burst: number;
}

/** Together 100/s. */
export const usualPaces: Readonly<Record<Urgency, Pace>> = {
  worse: { perSecond: 60, burst: 60 },
  other: { perSecond: 40, burst: 40 },
};

interface Lane {
  readonly pace: Pace;
  /** Monotonic ms at which the next place is free; in the past: so many are free at once. */
  next: number;
}

interface Place {
  readonly urgency: Urgency;
  readonly due: number;
}

export class StatusBudget {
  readonly #now: () => number;
  readonly #lanes: Readonly<Record<Urgency, Lane>>;
  readonly #places = new Map<string, Place>();
  readonly #waiting: (count: number) => void;

  /** @param now monotonic ms. @param waiting called with the number of keys that wait whenever it changes */
  constructor(now: () => number, waiting: (count: number) => void = () => undefined, paces: Readonly<Record<Urgency, Pace>> = usualPaces) {
    this.#now = now;
    this.#waiting = waiting;
    const lane = (pace: Pace): Lane => ({ pace, next: Number.NEGATIVE_INFINITY });
    this.#lanes = { worse: lane(paces.worse), other: lane(paces.other) };
  }

  /** @returns ms until `key` may be written, 0: now. Ask again then; its place is kept. */
  book(key: string, urgency: Urgency): number {
    const now = this.#now();
    const held = this.#places.get(key);
    // News that got worse does not wait in the queue of better news.
    const place = held && !(urgency === "worse" && held.urgency === "other") ? held : this.#reserve(key, urgency, now);
    if (place.due > now) return Math.ceil(place.due - now);
    this.cancel(key);
    return 0;
  }

  /** Nothing has to be written any more. */
  cancel(key: string): void {
    if (this.#places.delete(key)) this.#waiting(this.#places.size);
  }

  /** Keys that wait. */
  get waiting(): number {
    return this.#places.size;
  }

  #reserve(key: string, urgency: Urgency, now: number): Place {
    const lane = this.#lanes[urgency];
    const { burst, perSecond } = lane.pace;
    const spacing = 1000 / perSecond;
    const due = Math.max(lane.next, now - (burst - 1) * spacing);
    lane.next = due + spacing;
    const place = { urgency, due };
    this.#places.set(key, place);
    this.#waiting(this.#places.size);
    return place;
  }
}
