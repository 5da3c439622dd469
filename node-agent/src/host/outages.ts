/** Which calls do not succeed right now: told once when that begins, or its cause changes, and once when it ends, however many fail between. */
export class Outages {
  readonly #codes = new Map<string, string>();

  /** A call failed. @param subject the clock, a program, … @returns true: this is news */
  begin(subject: string, code: string): boolean {
    if (this.#codes.get(subject) === code) return false;
    this.#codes.set(subject, code);
    return true;
  }

  /** A call succeeded. @returns true: this is news */
  end(subject: string): boolean {
    return this.#codes.delete(subject);
  }
}
