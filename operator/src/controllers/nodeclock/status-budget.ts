/**
 * How fast NodeClock statuses are written. When a grandmaster of 5,000 nodes falls silent, 5,000 statuses change at once; the
 * domain's own status says so in one write, and theirs follow at a pace that the API server does not notice. Worse news has
 * most of the budget to itself, so that good news never stands in its way.
 *
 * A write that has to wait is told when to ask again, by how many wait before it, and is then made with what is true then:
 * whatever changes in between costs nothing. Only what is written is paid for.
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

class Lane {
  readonly waiting = new Set<string>();
  readonly #pace: Pace;
  #tokens: number;
  #at: number;

  constructor(pace: Pace, now: number) {
    this.#pace = pace;
    this.#tokens = pace.burst;
    this.#at = now;
  }

  /** @returns ms to wait; 0: one write is paid for */
  take(key: string, now: number): number {
    const { burst, perSecond } = this.#pace;
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#at) * perSecond) / 1000);
    this.#at = now;
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      this.waiting.delete(key);
      return 0;
    }
    // Whoever comes back and finds nothing is nearly at its turn; whoever is new comes after all that wait.
    const before = this.waiting.has(key) ? 1 : this.waiting.size + 1;
    this.waiting.add(key);
    return Math.ceil(((before - this.#tokens) * 1000) / perSecond);
  }
}

export class StatusBudget {
  readonly #now: () => number;
  readonly #paces: Readonly<Record<Urgency, Pace>>;
  readonly #tellWaiting: (count: number) => void;
  #lanes: Readonly<Record<Urgency, Lane>>;

  /** @param now monotonic ms. @param tellWaiting called with the number of keys that wait, for the metric */
  constructor(
    now: () => number,
    tellWaiting: (count: number) => void = () => undefined,
    paces: Readonly<Record<Urgency, Pace>> = usualPaces,
  ) {
    this.#now = now;
    this.#paces = paces;
    this.#tellWaiting = tellWaiting;
    this.#lanes = this.#fullLanes();
  }

  /** @returns ms until `key` may ask again; 0: it may be written now */
  book(key: string, urgency: Urgency): number {
    // News that got worse does not wait in the queue of better news.
    if (urgency === "worse") this.#lanes.other.waiting.delete(key);
    const lane = this.#lanes.worse.waiting.has(key) ? this.#lanes.worse : this.#lanes[urgency];
    const waitMs = lane.take(key, this.#now());
    this.#tellWaiting(this.waiting);
    return waitMs;
  }

  /** Nothing has to be written any more. */
  cancel(key: string): void {
    const { other, worse } = this.#lanes;
    if (worse.waiting.delete(key) || other.waiting.delete(key)) this.#tellWaiting(this.waiting);
  }

  /** Nobody waits any more: another replica writes now, or this one begins anew. */
  clear(): void {
    this.#lanes = this.#fullLanes();
    this.#tellWaiting(0);
  }

  /** Keys that wait. */
  get waiting(): number {
    return this.#lanes.worse.waiting.size + this.#lanes.other.waiting.size;
  }

  #fullLanes(): Record<Urgency, Lane> {
    const now = this.#now();
    return { worse: new Lane(this.#paces.worse, now), other: new Lane(this.#paces.other, now) };
  }
}
