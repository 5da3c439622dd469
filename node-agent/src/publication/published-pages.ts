/**
 * The pages of the node's clock. One that cannot be made yet (a full disk) is tried again; time does not depend on it. One publication goes to all of them; whatever makes the clock another than they say voids all of them
 * at once, from a native thread, before this process hears of it.
 */
import type { ClockPage, DisruptionWatch, PageState } from "@meridian/native";

/** As long as a page cannot be made it is tried that often, ms. */
const retryMs = 10_000;

export interface PageSources {
  /** Each makes one page. @throws what cannot be made now */
  readonly open: readonly (() => ClockPage)[];
  /** Over the pages that there are; calls what it is given after each disruption. */
  readonly startWatch: (pages: readonly ClockPage[], onDisruption: () => void) => DisruptionWatch;
  /** Whether a page that cannot be made for this reason may be made later. */
  readonly isPassing: (error: unknown) => boolean;
  /** Monotonic, ms. */
  readonly now: () => number;
}

interface Slot {
  readonly open: () => ClockPage;
  page: ClockPage | null;
  failure: unknown;
  retryAt: number;
}

export class PublishedPages {
  readonly #sources: PageSources;
  readonly #slots: readonly Slot[];
  #watch: DisruptionWatch;
  #tell: () => void = () => undefined;

  /** @throws why a page cannot be made, unless that may pass */
  constructor(sources: PageSources) {
    this.#sources = sources;
    this.#slots = sources.open.map((open) => ({ open, page: null, failure: null, retryAt: Number.NEGATIVE_INFINITY }));
    this.#openMissing();
    const lasting = this.#slots.find(({ page, failure }) => page === null && !sources.isPassing(failure));
    if (lasting) {
      for (const { page } of this.#slots) page?.close();
      throw lasting.failure;
    }
    this.#watch = this.#startWatch();
  }

  /** Readers see no bound any more, and the clock's era has gone up or is about to be seen to: read it. One listener. */
  onDisruption(listener: () => void): void {
    this.#tell = listener;
  }

  /** Writes every page that can be written. @throws what the first one that cannot be written threw */
  publish(state: PageState): void {
    if (this.#openMissing()) {
      this.#watch.close();
      this.#watch = this.#startWatch();
    }
    const failures: unknown[] = [];
    for (const { page, failure } of this.#slots) {
      try {
        if (page === null) failures.push(failure);
        else page.publish(state);
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
    for (const { page } of this.#slots) page?.close();
  }

  /** @returns true when there is a page now that was not there */
  #openMissing(): boolean {
    const now = this.#sources.now();
    let opened = false;
    for (const slot of this.#slots) {
      if (slot.page !== null || now < slot.retryAt) continue;
      try {
        slot.page = slot.open();
        opened = true;
      } catch (error) {
        slot.failure = error;
        slot.retryAt = now + retryMs;
      }
    }
    return opened;
  }

  #startWatch(): DisruptionWatch {
    const pages = this.#slots.flatMap(({ page }) => (page === null ? [] : [page]));
    return this.#sources.startWatch(pages, () => this.#tell());
  }
}
