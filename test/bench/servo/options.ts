/** Options of the servo benchmark. */

export interface ServoOptions {
  readonly seeds: readonly number[];
  /** null: all. */
  readonly scenarios: readonly string[] | null;
  /** Simulated seconds per run; null: the scenario's own. */
  readonly duration: number | null;
  readonly json: boolean;
  /** Draw the pictures of the documentation instead. */
  readonly plot: boolean;
}

export type ParsedOptions =
  | { readonly kind: "options"; readonly options: ServoOptions }
  | { readonly kind: "error"; readonly reason: string };

/** "A-B" or "A", whole numbers; null: neither. */
export function parseSeeds(text: string): readonly number[] | null {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  if (match === null) return null;
  const from = Number(match[1]);
  const to = Number(match[2] ?? match[1]);
  return to < from ? null : Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/** `--seeds A-B`, `--scenario NAME[,NAME]`, `--duration SECONDS`, `--json`, `--plot`; `known`: names that exist. */
export function parseOptions(args: readonly string[], known: readonly string[]): ParsedOptions {
  let seeds = parseSeeds("1-20") ?? [];
  let scenarios: readonly string[] | null = null;
  let duration: number | null = null;
  let json = false;
  let plot = false;
  for (let i = 0; i < args.length; i++) {
    const [flag, inline] = (args[i] ?? "").split("=", 2);
    if (flag === "--json") {
      json = true;
      continue;
    }
    if (flag === "--plot") {
      plot = true;
      continue;
    }
    const value = inline ?? args[++i];
    if (value === undefined) return { kind: "error", reason: `${flag} needs a value` };
    if (flag === "--seeds") {
      const parsed = parseSeeds(value);
      if (parsed === null) return { kind: "error", reason: `--seeds ${value}: expected A-B` };
      seeds = parsed;
    } else if (flag === "--scenario") {
      const wanted = value.split(",");
      const unknown = wanted.find((name) => !known.includes(name));
      if (unknown !== undefined) return { kind: "error", reason: `--scenario ${unknown}: not one of ${known.join(", ")}` };
      scenarios = wanted;
    } else if (flag === "--duration") {
      duration = Number(value);
      if (!(duration >= 60)) return { kind: "error", reason: `--duration ${value}: expected seconds, at least 60` };
    } else return { kind: "error", reason: `unknown option ${flag}` };
  }
  if (plot && args.length > 1) return { kind: "error", reason: "--plot draws always the same runs: no other option goes with it" };
  return { kind: "options", options: { seeds, scenarios, duration, json, plot } };
}
