/** What happens to the real operator and its API; agents must go on with the orders that they have. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { repositoryRoot } from "../lab/repository.js";
import { OperatorTrial } from "./operator-trial.js";
import type { FaultOutcome } from "./outcome.js";

export interface OperatorFault {
  readonly name: string;
  /** Resolves once everything is there again. */
  readonly inflict: (trial: OperatorTrial) => Promise<void>;
}

const awayMs = 10_000;
const limitSeconds = 90;

const definitions = (): string[] =>
  readdirSync(join(repositoryRoot(), "crds/manifests")).map(
    (file) => `${/^time\.meridian\.io_(.*)\.yaml$/.exec(file)?.[1] ?? ""}.time.meridian.io`,
  );

async function serveDefinitions({ plane }: OperatorTrial, served: boolean): Promise<void> {
  const patch = JSON.stringify([{ op: "replace", path: "/spec/versions/0/served", value: served }]);
  for (const name of definitions()) await plane.kubectl.run(["patch", "crd", name, "--type=json", "-p", patch]);
}

export const operatorFaults: readonly OperatorFault[] = [
  {
    name: "operator-killed",
    async inflict(trial) {
      await trial.killOperator();
      await sleep(1_000);
      await trial.admitSpare();
      await trial.startOperator();
      await trial.joinAgents();
    },
  },
  {
    name: "crds-not-served",
    async inflict(trial) {
      await serveDefinitions(trial, false);
      await sleep(awayMs);
      await serveDefinitions(trial, true);
      await trial.admitSpare();
    },
  },
  {
    name: "crds-deleted",
    async inflict(trial) {
      const { kubectl } = trial.plane;
      await kubectl.run(["delete", "crd", ...definitions()]);
      await sleep(awayMs);
      await kubectl.run(["apply", "--server-side", "--force-conflicts", "-f", join(repositoryRoot(), "crds/manifests")]);
      await kubectl.run(["wait", "--for=condition=Established", "--timeout=60s", ...definitions().map((name) => `crd/${name}`)]);
      await trial.applyPolicy();
      await trial.admitSpare();
    },
  },
];

export async function runOperatorFault({ inflict, name }: OperatorFault): Promise<FaultOutcome> {
  const trial = await OperatorTrial.start();
  try {
    await sleep(2_000);
    const before = new Set(trial.orders);
    await inflict(trial);
    const wellAt = performance.now();
    const isWell = async () => trial.isConfigured && (await trial.nodeClocks()).join() === "gm,spare,worker";
    const recovered = await trial.holdsWithin(limitSeconds, isWell);
    const recoverSeconds = recovered ? (performance.now() - wellAt) / 1000 : null;
    const complaints = recovered ? [] : [`node clocks: ${(await trial.nodeClocks().catch(String)).toString()}`];
    complaints.push(...new Set(trial.orders.filter((order) => !before.has(order)).map((order) => `an agent was told: ${order}`)));
    const told = `real operator, ${String(trial.agents.size)} agents, ${String(before.size)} orders`;
    return { fault: name, ok: complaints.length === 0, recoverSeconds, detail: [told, ...complaints].join("; ") };
  } finally {
    await trial.close();
  }
}
