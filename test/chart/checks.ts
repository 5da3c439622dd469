/** What the suite says it checked: one line each, with its time, as soon as it is known. The exit code is their conjunction. */

export class Checks {
  readonly #say: (line: string) => void;
  #passed = 0;
  #failed = 0;

  /** @param say takes one line */
  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** Runs `work` and goes on whatever comes of it. @param work throws when the check does not hold; may return a figure to show */
  async check(name: string, work: () => Promise<string | void> | string | void): Promise<void> {
    const started = performance.now();
    let outcome = "ok";
    let detail = "";
    try {
      const figure = await work();
      if (figure) detail = ` (${figure})`;
      this.#passed += 1;
    } catch (error) {
      outcome = "FAILED";
      detail = `\n${indent(error instanceof Error ? error.message : String(error))}`;
      this.#failed += 1;
    }
    const seconds = (performance.now() - started) / 1000;
    this.#say(`${outcome.padEnd(6)} ${seconds.toFixed(1).padStart(5)} s  ${name}${detail}`);
  }

  get summary(): string {
    return `${String(this.#passed)} passed, ${String(this.#failed)} failed`;
  }

  /** True when at least one check was made and every one held. */
  get hold(): boolean {
    return this.#passed > 0 && this.#failed === 0;
  }
}

const indent = (text: string): string => text.replaceAll(/^/gm, "                ");

/** @throws Error with `what` */
export function expect(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}
