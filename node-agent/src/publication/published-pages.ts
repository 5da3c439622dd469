/**
 * The pages of the node's clock. One publication goes to all of them; whatever makes the clock another than they say voids all of them
 * at once, from a native thread, before this process hears of it.
 */
import type { ClockPage, DisruptionWatch, PageState } from "@meridian/native";

export class PublishedPages {
  readonly #pages: readonly ClockPage[];
  readonly #watch: DisruptionWatch;
  #tell: () => void = () => undefined;

  /** @param startWatch over `pages`; it calls what it is given after each disruption */
  constructor(pages: readonly ClockPage[], startWatch: (onDisruption: () => void) => DisruptionWatch) {
    this.#pages = pages;
    this.#watch = startWatch(() => this.#tell());
  }

  /** Readers see no bound any more, and the clock's era has gone up or is about to be seen to: read it. One listener. */
  onDisruption(listener: () => void): void {
    this.#tell = listener;
  }

  /** Writes every page that can be written. @throws what the first one that cannot be written threw */
  publish(state: PageState): void {
    const failures: unknown[] = [];
    for (const page of this.#pages) {
      try {
        page.publish(state);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  /**
   * Steps the clock while no page states a bound; none does until the next publication.
   * @param by what `step` adds to the clock, ns. @throws what it throws
   */
  whileVoid(by: number, step: () => void): void {
    this.#watch.beginStep();
    let stepped = 0;
    try {
      step();
      stepped = by;
    } finally {
      this.#watch.endStep(stepped);
    }
  }

  /** [steps by others, suspends, disruptions of the machine, times that this process stood still for above 1 s]. */
  disruptions(): number[] {
    return this.#watch.statistics();
  }

  /** What was published stays until it is void by itself. */
  close(): void {
    this.#watch.close();
    for (const page of this.#pages) page.close();
  }
}
