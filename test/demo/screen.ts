/** What the user sees: a live table on a terminal, lines elsewhere, one JSON object a line with --json. */
import type { Claim } from "./claims.js";
import type { NodeView } from "./cluster-view.js";
import type { Sample } from "./sampler.js";

export interface Row {
  readonly view: NodeView;
  /** null: a grandmaster, whose clock is right by construction. */
  readonly sample: Sample | null;
}

export interface Screen {
  /** The story goes on. */
  say(text: string): void;
  rows(rows: readonly Row[]): void;
  claim(claim: Claim): void;
  end(ok: boolean, claims: readonly Claim[]): void;
}

/** ns with a unit that reads well. */
export function formatNanoseconds(ns: number): string {
  if (Number.isNaN(ns)) return "void";
  const size = Math.abs(ns);
  if (size >= 1e6) return `${(ns / 1e6).toFixed(2)} ms`;
  if (size >= 1e3) return `${(ns / 1e3).toFixed(2)} µs`;
  return `${ns.toFixed(0)} ns`;
}

const clearScreenLines = (count: number): string => (count === 0 ? "" : `\u001b[${String(count)}A\u001b[J`);

/** @param live redraw the table in place */
export function createTextScreen(out: NodeJS.WritableStream, live: boolean): Screen {
  const started = Date.now();
  let drawn = 0;
  let lastTableMs = 0;
  const stamp = () => `${((Date.now() - started) / 1000).toFixed(0).padStart(4)} s  `;
  const print = (text: string) => {
    out.write(clearScreenLines(drawn) + text);
    drawn = 0;
  };
  return {
    say: (text) => print(`${stamp()}${text}\n`),
    rows: (rows) => {
      // Without a terminal a table now and then is enough to follow.
      if (!live && Date.now() - lastTableMs < 15_000) return;
      lastTableMs = Date.now();
      const lines = formatTable(rows);
      print(`${lines.join("\n")}\n`);
      if (live) drawn = lines.length;
    },
    claim: ({ claim, ok, figure }) => print(`${stamp()}${ok ? "ok    " : "FAILED"} ${claim}: ${figure}\n`),
    end: (ok, claims) => print(`${ok ? "All" : "Not all"} ${String(claims.length)} claims held.\n`),
  };
}

export function createJsonScreen(out: NodeJS.WritableStream): Screen {
  const line = (value: object) =>
    out.write(`${JSON.stringify(value, (_key, item: unknown) => (typeof item === "number" && Number.isNaN(item) ? null : item))}\n`);
  return {
    say: (text) => line({ event: text }),
    rows: (rows) => {
      for (const { view, sample } of rows) {
        const { node, role, upstream, state } = view;
        line({
          node,
          role,
          upstream,
          state,
          bound_ns: sample?.calibrated ?? null,
          guaranteed_ns: sample?.guaranteed ?? null,
          true_error_ns: sample?.trueError ?? null,
        });
      }
    },
    claim: () => undefined,
    end: (ok, claims) => line({ ok, claims }),
  };
}

function formatTable(rows: readonly Row[]): string[] {
  const header = ["NODE", "ROLE", "UPSTREAM", "STATE", "BOUND", "TRUE ERROR"];
  const cells = rows.map(({ view, sample }) => [
    view.node,
    view.role,
    view.upstream || "-",
    view.state,
    sample ? formatNanoseconds(sample.calibrated) : "reference",
    sample ? formatNanoseconds(sample.trueError) : "-",
  ]);
  const widths = header.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)));
  return [header, ...cells].map((row) => `        ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd());
}
