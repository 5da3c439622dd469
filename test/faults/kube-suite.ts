/** `npm run test:faults -- kube`: every fault against a real operator of the framework; exit 0 when all were survived. */
import { parseArgs } from "node:util";
import { missingComponents } from "../controlplane/built-binaries.js";
import { type FaultOutcome, printOutcome, printSummary } from "./outcome.js";
import { operatorFaults, runOperatorFault } from "./operator-faults.js";
import { restartFaults, runRestartFault } from "./restart-faults.js";
import { runWireFault } from "./run-wire-fault.js";
import { runSoak } from "./soak.js";
import { wireFaults } from "./wire-faults.js";

/** Most faults wait for a time limit; what they cost of a CPU is little. */
const atOnce = 8;

interface Case {
  readonly name: string;
  readonly run: () => Promise<FaultOutcome>;
}

export async function runKubeSuite(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string" },
      json: { type: "boolean", default: false },
      soak: { type: "string", default: "60" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
    },
  });
  const [soakSeconds, seed] = [Number(values.soak), Number(values.seed)];
  if (!(soakSeconds >= 0 && soakSeconds <= 86_400)) throw new Error(`--soak ${values.soak} is not in 0 … 86400 s`);
  if (!Number.isInteger(seed)) throw new Error(`--seed ${values.seed} is no whole number`);
  const only = values.only?.split(",");
  const wanted = (cases: readonly Case[]): Case[] => cases.filter(({ name }) => only?.includes(name) ?? true);
  const wire = wanted(wireFaults.map((fault) => ({ name: fault.name, run: () => runWireFault(fault) })));
  const soak = soakSeconds === 0 ? [] : wanted([{ name: "soak", run: () => runSoak({ seconds: soakSeconds, seed }) }]);
  const restarts = wanted([
    ...restartFaults.map((fault) => ({ name: fault.name, run: () => runRestartFault(fault) })),
    ...operatorFaults.map((fault) => ({ name: fault.name, run: () => runOperatorFault(fault) })),
  ]);
  const known = [...wireFaults, ...restartFaults, ...operatorFaults].map(({ name }) => name).concat("soak");
  const unknown = only?.filter((name) => !known.includes(name)) ?? [];
  if (unknown.length > 0) {
    process.stderr.write(`no fault ${unknown.join(", ")}; there are ${known.join(", ")}\n`);
    return 2;
  }

  const startedAt = performance.now();
  const outcomes: FaultOutcome[] = [];
  const runCase = async ({ name, run }: Case): Promise<void> => {
    const outcome = await run().catch((error: unknown) => ({ fault: name, ok: false, recoverSeconds: null, detail: String(error) }));
    outcomes.push(outcome);
    printOutcome(outcome, values.json);
  };
  const queue = [...wire];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await runCase(next);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  const missing = restarts.length === 0 ? null : await missingComponents();
  if (missing !== null) throw new Error(`no restarts of a real control plane: ${missing}`);
  for (const alone of [...restarts, ...soak]) await runCase(alone);
  printSummary(outcomes, (performance.now() - startedAt) / 1000, values.json);
  return outcomes.every(({ ok }) => ok) ? 0 : 1;
}
