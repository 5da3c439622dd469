/** What several links are worth together, and two clocks that know each other: beside each link alone, and beside servo behind servo. */
import { parseArgs } from "node:util";
import { type Figure, printFigures } from "./figure.js";
import { type LinkCase, linkCases } from "./joint/link-cases.js";
import { linkFigures } from "./joint/link-figures.js";
import type { LinksJob, LinksRun } from "./joint/links-job.js";
import { type TwoClockCase, twoClockCases } from "./joint/two-clock-cases.js";
import { twoClockFigures } from "./joint/two-clock-figures.js";
import type { TwoClocksJob, TwoClocksRun } from "./joint/two-clocks-job.js";
import { runParallel } from "./parallel/run-parallel.js";
import { parseSeeds } from "./servo/options.js";

/** Three minutes on two cores. */
const defaultSeeds = "1-8";

/** Exit code: 0 when it measured, whatever the figures say; 2 when it could not run. */
export async function runJointBench(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { json: { type: "boolean", default: false }, seeds: { type: "string", default: defaultSeeds }, case: { type: "string" } },
  });
  const seeds = parseSeeds(values.seeds);
  if (seeds === null) throw new Error(`--seeds ${values.seeds}: expected A-B`);
  const known = [...linkCases, ...twoClockCases].map(({ name }) => name);
  const names = values.case?.split(",") ?? known;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`--case ${unknown}: not one of ${known.join(", ")}`);
  const isWanted = ({ name }: { readonly name: string }) => names.includes(name);
  const figures = [
    ...(await measureLinks(linkCases.filter(isWanted), seeds)),
    ...(await measureTwoClocks(twoClockCases.filter(isWanted), seeds)),
  ];
  printFigures(figures, values.json);
  return 0;
}

async function measureLinks(cases: readonly LinkCase[], seeds: readonly number[]): Promise<Figure[]> {
  const jobs: LinksJob[] = cases.flatMap(({ name }) => seeds.map((seed) => ({ name, seed })));
  const runs = await runParallel<LinksJob, LinksRun>(new URL("./joint/links-job.js", import.meta.url), jobs);
  return cases.flatMap((one) =>
    linkFigures(
      one,
      runs.filter((_, i) => jobs[i]?.name === one.name),
    ),
  );
}

async function measureTwoClocks(cases: readonly TwoClockCase[], seeds: readonly number[]): Promise<Figure[]> {
  const jobs: TwoClocksJob[] = cases.flatMap(({ name }) => seeds.map((seed) => ({ name, seed })));
  const runs = await runParallel<TwoClocksJob, TwoClocksRun>(new URL("./joint/two-clocks-job.js", import.meta.url), jobs);
  return cases.flatMap((one) =>
    twoClockFigures(
      one,
      runs.filter((_, i) => jobs[i]?.name === one.name),
    ),
  );
}
