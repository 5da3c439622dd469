/** What came of one fault, for people and for machines. */

export interface FaultOutcome {
  readonly fault: string;
  readonly ok: boolean;
  /** From when the server was well again until the cache held the truth and handlers had seen it; null: it never did. */
  readonly recoverSeconds: number | null;
  readonly detail: string;
}

export function printOutcome({ detail, fault, ok, recoverSeconds }: FaultOutcome, json: boolean): void {
  if (json) console.log(JSON.stringify({ fault, ok, recoverSeconds, detail }));
  else {
    const recovered = recoverSeconds === null ? "never recovered" : `recovered after ${recoverSeconds.toFixed(1).padStart(5)} s`;
    console.log(`${ok ? "ok  " : "FAIL"}  ${fault.padEnd(26)}  ${recovered}  (${detail})`);
  }
}

/** The last line of the suite. */
export function printSummary(outcomes: readonly FaultOutcome[], seconds: number, json: boolean): void {
  const failed = outcomes.filter(({ ok }) => !ok).map(({ fault }) => fault);
  const slowest = Math.max(0, ...outcomes.map(({ recoverSeconds }) => recoverSeconds ?? 0));
  const text = `${String(outcomes.length - failed.length)} of ${String(outcomes.length)} faults survived in ${seconds.toFixed(0)} s, slowest recovery ${slowest.toFixed(1)} s${failed.length === 0 ? "" : `; failed: ${failed.join(", ")}`}`;
  if (json) process.stderr.write(`${text}\n`);
  else console.log(text);
}
