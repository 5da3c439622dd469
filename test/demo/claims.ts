/** What the demo says it showed. A claim is checked the moment it is made; the exit code is their conjunction. */

export interface Claim {
  readonly claim: string;
  readonly ok: boolean;
  /** The figure that decided it. */
  readonly figure: string;
}

export class Claims {
  readonly #claims: Claim[] = [];
  readonly #announce: (claim: Claim) => void;

  /** @param announce called with every claim as it is made */
  constructor(announce: (claim: Claim) => void) {
    this.#announce = announce;
  }

  check(claim: string, ok: boolean, figure: string): void {
    const made = { claim, ok, figure };
    this.#claims.push(made);
    this.#announce(made);
  }

  get all(): readonly Claim[] {
    return this.#claims;
  }

  /** True when at least one claim was made and every one held. */
  get hold(): boolean {
    return this.#claims.length > 0 && this.#claims.every(({ ok }) => ok);
  }
}
