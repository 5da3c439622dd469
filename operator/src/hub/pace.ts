/** How often something may happen for each of many: tokens that come back with time, remembered only while they are missing. */
export class Pace {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #now: () => number;
  readonly #spent = new Map<string, { missing: number; at: number }>();

  /** @param now monotonic ms */
  constructor({ burst, now, perSecond }: { readonly burst: number; readonly perSecond: number; readonly now: () => number }) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#now = now;
  }

  /** @returns whether it may happen now; then it counts */
  take(key: string): boolean {
    const now = this.#now();
    const missing = this.#missingAt(key, now);
    if (missing + 1 > this.#burst) return false;
    if (this.#spent.size >= mostKeys && !this.#spent.has(key)) this.#forgetWhole(now);
    this.#spent.set(key, { missing: missing + 1, at: now });
    return true;
  }

  #missingAt(key: string, now: number): number {
    const spent = this.#spent.get(key);
    return spent ? Math.max(0, spent.missing - (Math.max(0, now - spent.at) * this.#perSecond) / 1000) : 0;
  }

  /** Whoever has all its tokens back is as one that never came; if that is nobody, all are forgiven. */
  #forgetWhole(now: number): void {
    for (const key of this.#spent.keys()) if (this.#missingAt(key, now) === 0) this.#spent.delete(key);
    if (this.#spent.size >= mostKeys) this.#spent.clear();
  }
}

const mostKeys = 20_000;
