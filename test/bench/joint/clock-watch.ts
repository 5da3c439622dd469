/** What one simulated clock was worth: its error, and what its ensemble said of its own estimate. */
import type { Publication } from "@meridian/engine";
import type { Observer, SecondSample } from "@meridian/engine/sim";

export interface ClockFigures {
  /** RMS and largest size of local − true at whole seconds, ns. */
  readonly rms: number;
  readonly largest: number;
  /** RMS of estimate − true and of the claimed deviation of it (rootSigma) when they were published, ns; NaN: nothing was claimed. */
  readonly real: number;
  readonly claimed: number;
  readonly samples: number;
  readonly calibratedViolations: number;
  readonly guaranteedViolations: number;
}

export class ClockWatch {
  /** For the simulation. */
  readonly observer: Pick<Required<Observer>, "second" | "decided" | "moved">;
  readonly #from: number;
  readonly #until: number;
  #fresh: Publication | null = null;
  #samples = 0;
  #squares = 0;
  #largest = 0;
  #calibratedViolations = 0;
  #guaranteedViolations = 0;
  #claims = 0;
  #realSquares = 0;
  #claimedSquares = 0;

  /** @param from, until true s: what lies between them counts */
  constructor(from: number, until = Number.POSITIVE_INFINITY) {
    this.#from = from;
    this.#until = until;
    this.observer = {
      second: (sample) => this.#look(sample),
      // A decision that steps is of a clock that nobody sees any more.
      decided: (_at, { publication, steps }) => void (this.#fresh = steps.length > 0 ? null : publication),
      moved: (at, error) => this.#compare(at, error),
    };
  }

  get figures(): ClockFigures {
    return {
      rms: Math.sqrt(this.#squares / this.#samples),
      largest: this.#largest,
      real: Math.sqrt(this.#realSquares / this.#claims),
      claimed: Math.sqrt(this.#claimedSquares / this.#claims),
      samples: this.#samples,
      calibratedViolations: this.#calibratedViolations,
      guaranteedViolations: this.#guaranteedViolations,
    };
  }

  #counts(at: number): boolean {
    return at > this.#from && at <= this.#until;
  }

  #look({ second, error, calibrated, guaranteed }: SecondSample): void {
    if (!this.#counts(second)) return;
    const size = Math.abs(error);
    this.#samples++;
    this.#squares += error ** 2;
    this.#largest = Math.max(this.#largest, size);
    if (calibrated !== null && size > calibrated) this.#calibratedViolations++;
    if (guaranteed !== null && size > guaranteed) this.#guaranteedViolations++;
  }

  /** The clock as it was when the decision was made: what that commands has not moved it yet. */
  #compare(at: number, error: number): void {
    const said = this.#fresh;
    this.#fresh = null;
    if (said === null || said.rootSigma === null || !this.#counts(at)) return;
    this.#claims++;
    this.#realSquares += (said.offset - error) ** 2;
    this.#claimedSquares += said.rootSigma ** 2;
  }
}
