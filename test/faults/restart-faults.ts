/** Crashes and pauses of a real control plane under a working operator. */
import { setTimeout as sleep } from "node:timers/promises";
import { ClusterTrial } from "./cluster-trial.js";
import type { FaultOutcome } from "./outcome.js";

export interface RestartFault {
  readonly name: string;
  /** Resolves once the control plane is well again. */
  readonly inflict: (trial: ClusterTrial) => Promise<void>;
  /** False: so short a pause need not break a connection. */
  readonly interrupts: boolean;
}

const awayMs = 5_000;
const pauseMs = 20_000;
/** The longest back-off is 30 s. */
const limitSeconds = 180;

export const restartFaults: readonly RestartFault[] = [
  {
    name: "apiserver-killed",
    interrupts: true,
    async inflict({ plane }) {
      await plane.killApiServer();
      await sleep(awayMs);
      await plane.startApiServer();
    },
  },
  {
    name: "etcd-killed",
    interrupts: false,
    async inflict({ plane }) {
      await plane.killEtcd();
      await sleep(awayMs);
      await plane.startEtcd();
    },
  },
  {
    name: "apiserver-paused",
    interrupts: false,
    async inflict({ plane }) {
      plane.pauseApiServer();
      await sleep(pauseMs);
      plane.resumeApiServer();
    },
  },
];

export async function runRestartFault({ inflict, interrupts, name }: RestartFault): Promise<FaultOutcome> {
  const trial = await ClusterTrial.start();
  try {
    trial.startWriting();
    await inflict(trial);
    const wellAt = performance.now();
    await trial.stopWriting();
    await trial.writeOnce();
    const recovered = await trial.converge(limitSeconds);
    const recoverSeconds = recovered ? (performance.now() - wellAt) / 1000 : null;
    const complaints = recovered ? [] : ["cache, handler and server do not agree"];
    if (interrupts && trial.interruptions === 0) complaints.push("the operator noticed nothing");
    await trial.writeOnce();
    if (recovered && !(await trial.converge(limitSeconds))) complaints.push("a later change did not arrive");
    complaints.push(...trial.witness.violations.slice(0, 3));
    const told = `real control plane, ${String(trial.interruptions)} interruptions`;
    return { fault: name, ok: complaints.length === 0, recoverSeconds, detail: [told, ...complaints].join("; ") };
  } finally {
    await trial.close();
  }
}
