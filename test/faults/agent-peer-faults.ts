/** Faults of those that a node follows: they die, come back, jump, know no time, cannot be found. */
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type AgentFault, faultOnLocked, faultOnPrepared } from "./agent-fault.js";
import { jumpingGrandmaster, jumpNs } from "./jumping-grandmaster.js";
import { bindFile } from "../lab/mounts.js";
import { serverAddress } from "./agent-lane.js";
import { ntpSource, ptpSource } from "./agent-sources.js";
import type { AgentTrial } from "./agent-trial.js";

const silenceLimitSeconds = 13;
const recoveryLimitSeconds = 45;
const holdMs = 2000;
/** Of a jump, ns: what is slewed before there was time to hear the others. */
const followedNs = jumpNs / 10;
const lateName = "late.lab.invalid";

const sourceOf = async (trial: AgentTrial, name: string) => (await trial.status()).sources.find((source) => source.name === name);

export const agentPeerFaults: readonly AgentFault[] = [
  faultOnLocked("ptp4l-killed", {}, async (trial) => {
    await trial.lane.killPtp4l();
    await trial.reaches("Holdover", silenceLimitSeconds);
    await sleep(holdMs);
    await trial.lane.startPtp4l();
    await trial.recovers(recoveryLimitSeconds);
  }),
  faultOnLocked("chronyd-killed", { sources: { associations: [ntpSource(serverAddress)] } }, async (trial) => {
    await trial.lane.killChronyd();
    await trial.reaches("Holdover", silenceLimitSeconds);
    const source = await sourceOf(trial, "ntp");
    trial.claim(source?.state === "NoAnswer", `its source is ${source?.state ?? "gone"}`);
    await sleep(holdMs);
    trial.lane.startChronyd(true);
    await trial.recovers(recoveryLimitSeconds);
  }),
  faultOnLocked("ntp-unsynchronized", { sources: { associations: [ntpSource(serverAddress)] } }, async (trial) => {
    await trial.lane.killChronyd();
    trial.lane.startChronyd(false);
    const took = await trial.until(
      "a source that knows no time",
      async () => (await sourceOf(trial, "ntp"))?.state === "Unsynchronized",
      20,
    );
    trial.note(`Unsynchronized after ${took.toFixed(1)} s`);
    await trial.reaches("Holdover", silenceLimitSeconds);
    await trial.lane.killChronyd();
    trial.lane.startChronyd(true);
    await trial.recovers(recoveryLimitSeconds);
  }),
  faultOnPrepared("name-resolves-late", { sources: { associations: [ntpSource(lateName)] } }, async (trial) => {
    const hosts = join(trial.directory, "hosts");
    const resolver = join(trial.directory, "resolv.conf");
    writeFileSync(hosts, "127.0.0.1 localhost\n");
    writeFileSync(resolver, "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n");
    const mounts = [bindFile(hosts, "/etc/hosts"), bindFile(resolver, "/etc/resolv.conf")];
    try {
      trial.start();
      await trial.sees("the name", ({ code, msg }) => code === "MER_AGENT_ASSOCIATION_FAILED" && /ENOTFOUND|EAI_AGAIN/.test(msg), 20);
      const { ports } = await trial.status();
      trial.claim(
        ports.some(({ trouble }) => trouble?.code === "MER_AGENT_ASSOCIATION_FAILED"),
        "its status does not say that the name is unknown",
      );
      appendFileSync(hosts, `${serverAddress} ${lateName}\n`);
      await trial.recovers(recoveryLimitSeconds);
    } finally {
      for (const unmount of mounts) unmount();
    }
  }),
  faultOnLocked(
    "fallback-takes-over",
    { sources: { receivers: [ptpSource()], associations: [ntpSource(serverAddress, { use: "Fallback" })] } },
    async (trial) => {
      const selected = async (name: string): Promise<boolean> => (await trial.status()).clock.selected === name;
      trial.claim(await selected("ptp"), "the fallback was selected at first");
      await trial.until("a fallback that is measured", async () => ((await sourceOf(trial, "ntp"))?.measurements ?? 0) > 20, 20);
      await trial.lane.killPtp4l();
      const took = await trial.until("the fallback", () => selected("ntp"), silenceLimitSeconds + 5);
      trial.claim(trial.state === "PhaseAligned", `its state is ${trial.state} on the fallback`);
      await sleep(holdMs);
      await trial.lane.startPtp4l();
      const back = await trial.until("the PTP source again", () => selected("ptp"), recoveryLimitSeconds);
      trial.note(`the fallback took over after ${took.toFixed(1)} s, and gave back after ${back.toFixed(1)} s`);
      await trial.recovers(recoveryLimitSeconds);
    },
  ),
  // It announces that it may be wrong by more: what it says stays true.
  jumpingGrandmaster(
    "grandmaster-jumps",
    { uncertaintyNanoseconds: 2 * jumpNs, sources: (gm) => ({ receivers: [gm] }) },
    async (trial, jump) => {
      trial.nearNs = 2 * jumpNs;
      jump();
      await sleep(4000);
      await trial.recovers(recoveryLimitSeconds);
    },
  ),
  // It lies, and two others tell the truth.
  jumpingGrandmaster(
    "one-of-three-jumps",
    {
      uncertaintyNanoseconds: 1000,
      sources: (gm) => ({ receivers: [gm, ptpSource({ priority: 100 })], associations: [ntpSource(serverAddress)] }),
    },
    async (trial, jump) => {
      await trial.until("all three voting", async () => (await trial.status()).sources.every(({ state }) => state === "Healthy"), 30);
      const at = performance.now();
      jump();
      const named = await trial.until("the liar's name", async () => (await sourceOf(trial, "gm"))?.state === "Falseticker", 30);
      trial.note(`named after ${named.toFixed(1)} s`);
      await sleep(2000);
      await trial.recovers(recoveryLimitSeconds);
      const worst = trial.referee.worstSince(at);
      trial.claim(worst < followedNs, `the clock followed the liar by ${(worst / 1e3).toFixed(0)} µs`);
    },
  ),
];
