/** What a clock showed and said over time, for those that follow it: nothing of theirs ever reaches it, so it may run first. */
import type { Publication, RemoteState } from "@meridian/engine";

export class Timeline {
  readonly #times: number[] = [0];
  readonly #offsets: number[] = [0];
  readonly #spokenAt: number[] = [];
  readonly #spoken: Publication[] = [];
  #place = 0;
  #spokenPlace = 0;

  /** Between two events of its own a clock runs evenly: local − true, ns, after the event at `at` s. */
  moved(at: number, offset: number): void {
    this.#times.push(at);
    this.#offsets.push(offset);
  }

  said(at: number, publication: Publication): void {
    this.#spokenAt.push(at);
    this.#spoken.push(publication);
  }

  get hasSpoken(): boolean {
    return this.#spoken.length > 0;
  }

  /** Local − true, ns. Times must not go backwards. */
  offsetAt(at: number): number {
    while (this.#place + 2 < this.#times.length && (this.#times[this.#place + 1] ?? 0) <= at) this.#place++;
    const [from = 0, to = 0] = [this.#times[this.#place], this.#times[this.#place + 1]];
    const [start = 0, end = 0] = [this.#offsets[this.#place], this.#offsets[this.#place + 1]];
    return to > from ? start + ((end - start) * (at - from)) / (to - from) : end;
  }

  /** The era it was in, to tell its followers of a step. */
  eraAt(at: number): number {
    return this.#lastSaid(at)?.era ?? 0;
  }

  /** What it says of its own time, its bounds grown since it said so. */
  stateAt(at: number): Partial<RemoteState> {
    const said = this.#lastSaid(at);
    if (said === null) return { uncertain: true };
    const age = at - (this.#spokenAt[this.#spokenPlace] ?? at);
    return {
      rootHard: said.guaranteed === null ? null : said.guaranteed + said.guaranteedGrowth * age,
      rootSigma: said.rootSigma,
      rootTau: said.rootTau,
      uncertain: said.state !== "PhaseAligned",
    };
  }

  #lastSaid(at: number): Publication | null {
    while (this.#spokenPlace + 1 < this.#spoken.length && (this.#spokenAt[this.#spokenPlace + 1] ?? 0) <= at) this.#spokenPlace++;
    return (this.#spokenAt[0] ?? Number.POSITIVE_INFINITY) <= at ? (this.#spoken[this.#spokenPlace] ?? null) : null;
  }
}
