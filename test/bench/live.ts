/** `npm run bench -- live`: rows 7, 8, 11 and 12 of the targets, on real packets, interleaved with ptp4l and chronyd. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { LabNetwork } from "../lab/network.js";
import { enterPrivateNamespace } from "../lab/private-namespace.js";
import { measureCosts } from "./agent.js";
import { printFigures } from "./figure.js";
import { measureAccuracy } from "./live/accuracy.js";
import { measureReads } from "./live/read-cost.js";

/** Exit code: 0 when it measured; 2 when it could not run. */
export async function runLiveBench(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { json: { type: "boolean", default: false }, rounds: { type: "string", default: "5" } } });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 50) throw new Error(`--rounds ${values.rounds} is not in 1 … 50`);
  const outside = await enterPrivateNamespace(process.argv.slice(1));
  if (outside !== null) return outside;
  const directory = mkdtempSync(join(tmpdir(), "meridian-bench-"));
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  try {
    const network = new LabNetwork();
    const server = network.addNode("server");
    for (const node of ["client", "peer"]) network.addNode(node);
    printFigures(measureReads(rounds), values.json);
    printFigures(await measureAccuracy(rounds, directory, server, say), values.json);
    printFigures(await measureCosts(rounds, directory), values.json);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return 0;
}
