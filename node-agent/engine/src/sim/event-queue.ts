/** What will happen when, in the order of time; at one instant in the order of asking. */

interface Timed {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

export class EventQueue {
  /** Sorted backwards: its end is next. */
  readonly #queue: Timed[] = [];
  #order = 0;

  /** @param at s. */
  add(at: number, run: () => void): void {
    this.#order += 1;
    const entry = { at, order: this.#order, run };
    let low = 0;
    let high = this.#queue.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#queue[middle];
      if (other && (other.at > entry.at || (other.at === entry.at && other.order > entry.order))) low = middle + 1;
      else high = middle;
    }
    this.#queue.splice(low, 0, entry);
  }

  /** The next one that is due by `until`, s. */
  take(until: number): Timed | undefined {
    const last = this.#queue.at(-1);
    return last && last.at <= until ? this.#queue.pop() : undefined;
  }
}
