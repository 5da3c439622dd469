/** A measured figure as machines and people read it: one JSON object a line, or a table. */

export interface Figure {
  readonly metric: string;
  readonly unit: string;
  /** Of the runs: the median, or what docs/reference/benches.md says for this figure (the worst, the sum). */
  readonly value: number;
  /** Smallest and largest over the runs, or over the events or periods of which it is the worst. */
  readonly spread: readonly [number, number];
  readonly runs: number;
  readonly better: "lower" | "higher";
  readonly target: number;
  readonly moonshot?: number;
  /** The best peer's figure for the same thing; absent where there is none. */
  readonly peer?: { readonly name: string; readonly value: number };
}

/** Four significant digits: no bench here is better than that. */
export function roundFigure(value: number): number {
  return Number(value.toPrecision(4));
}

/** @param values at least one */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export function summarizeFigure(
  about: Pick<Figure, "metric" | "unit" | "target" | "moonshot" | "peer">,
  values: readonly number[],
): Figure {
  return {
    ...about,
    value: roundFigure(median(values)),
    spread: [roundFigure(Math.min(...values)), roundFigure(Math.max(...values))],
    runs: values.length,
    better: "lower",
  };
}

/** The value is on the wrong side of its target, or no number at all. */
export function isMissed({ value, better, target }: Pick<Figure, "value" | "better" | "target">): boolean {
  return better === "lower" ? !(value <= target) : !(value >= target);
}

export function printFigures(figures: readonly Figure[], json: boolean): void {
  if (json) {
    for (const figure of figures) console.log(JSON.stringify(figure));
    return;
  }
  const cells = figures.map(({ metric, unit, value, spread, better, target, moonshot, peer }) => [
    metric,
    `${String(value)} ${unit}`,
    `${String(spread[0])} … ${String(spread[1])}`,
    `${better === "lower" ? "≤" : "≥"} ${String(roundFigure(target))}`,
    isMissed({ value, better, target }) ? "missed" : "",
    moonshot === undefined ? "" : `${better === "lower" ? "≤" : "≥"} ${String(roundFigure(moonshot))}`,
    peer === undefined ? "" : `${String(peer.value)} (${peer.name})`,
  ]);
  const rows = [["figure", "value", "from … to", "target", "", "moonshot", "peer"], ...cells];
  const widths = rows[0]?.map((_title, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
}
