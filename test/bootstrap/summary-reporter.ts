import type { Reporter, TestModule, Vitest } from "vitest/node";

/** A skipped test, as one reader-friendly line: its full name and, where one was given, why. */
interface Skipped {
  name: string;
  reason: string | undefined;
}

/**
 * Names every skipped test with its reason, then closes the run with one line, `N passed, N failed, N skipped`.
 *
 * A module that could not be loaded counts as one failure: a run in which nothing ran is not a run in which nothing failed.
 */
export default class SummaryReporter implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandled.length;
    const skipped: Skipped[] = [];
    for (const module of modules) {
      failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "passed") passed += 1;
        else if (result.state === "failed") failed += 1;
        else skipped.push({ name: test.fullName, reason: result.state === "skipped" ? result.note : undefined });
      }
    }
    const lines = skipped.map(({ name, reason }) => `skipped: ${name}${reason === undefined ? "" : ` (${reason})`}`);
    lines.push(`${String(passed)} passed, ${String(failed)} failed, ${String(skipped.length)} skipped`);
    this.#vitest?.logger.log(lines.join("\n"));
  }
}
