/** Disks that are full, read-only or damaged, under the agent's state and under its page. */
import { existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writeStateFile } from "@meridian/node-agent";
import { mountReadOnly, mountSmallDisk } from "../lab/mounts.js";
import { storeConfig } from "../lab/stored-config.js";
import { type AgentFault, faultOnLocked, faultOnPrepared } from "./agent-fault.js";
import { followerConfig, ptpSource } from "./agent-sources.js";
import type { AgentTrial } from "./agent-trial.js";

const recoveryLimitSeconds = 45;
const startLimitSeconds = 20;
/** A page that cannot be made is tried every 10 s. */
const pageLimitSeconds = 30;
const followsPtp = followerConfig({ receivers: [ptpSource()] });

/** What happens to a file between two lives of the agent. */
type Damage = (file: string) => void;

const flipBit: Damage = (file) => {
  const octets = readFileSync(file);
  const at = octets.length - 5;
  octets[at] = (octets[at] ?? 0) ^ 0x10;
  writeFileSync(file, octets);
};
const halve: Damage = (file) => truncateSync(file, readFileSync(file).length >> 1);
const empty: Damage = (file) => truncateSync(file, 0);
const garbage: Damage = (file) => writeFileSync(file, Buffer.alloc(5000, "\u{fffd}"));

/** Killed, its memory of the clock damaged, started again: it begins without, and never says what it does not know. */
function damagedClockMemory(name: string, damage: Damage, code: string | null): AgentFault {
  return faultOnLocked(name, {}, async (trial) => {
    const memory = join(trial.stateDirectory, "clock");
    await trial.agent.stop();
    damage(memory);
    const lines = trial.lines().length;
    trial.start();
    if (code !== null) await trial.sees(code, (line) => line.code === code, startLimitSeconds, lines);
    await trial.sees("a start without memory", ({ msg }) => msg === "running", startLimitSeconds, lines);
    trial.claim(
      !trial
        .lines()
        .slice(lines)
        .some(({ msg }) => msg.startsWith("going on from")),
      "it went on from a damaged memory",
    );
    await trial.recovers(recoveryLimitSeconds);
    trial.claim(
      !trial
        .lines()
        .slice(lines)
        .some(({ msg }) => msg === "stepped the clock"),
      "it stepped the clock again",
    );
  });
}

/** The state directory refuses from the start; then it works again, and the end of the process leaves a memory. */
function refusingState(
  name: string,
  refuse: (trial: AgentTrial) => { readonly mend: () => void; readonly remove: () => void },
): AgentFault {
  return faultOnPrepared(name, {}, async (trial) => {
    const { mend, remove } = refuse(trial);
    try {
      await trial.startLocked();
      await trial.sees("its warning", ({ code }) => code === "MER_AGENT_STATE_UNWRITABLE", 5);
      await sleep(1000);
      mend();
      await trial.agent.stop();
      const lines = trial.lines().length;
      trial.start();
      await trial.sees("its memory again", ({ msg }) => msg.startsWith("going on from"), startLimitSeconds, lines);
      await trial.recovers(recoveryLimitSeconds);
      await trial.agent.stop();
    } finally {
      remove();
    }
    trial.mayLoseConfig = true;
  });
}

export const agentDiskFaults: readonly AgentFault[] = [
  refusingState("state-full", ({ stateDirectory, directory }) => {
    const remove = mountSmallDisk(stateDirectory, 16);
    storeConfig(directory, followsPtp);
    const ballast = join(stateDirectory, "ballast");
    fillUp(ballast);
    return { mend: () => rmSync(ballast), remove };
  }),
  refusingState("state-read-only", ({ stateDirectory }) => {
    const remove = mountReadOnly(stateDirectory);
    return { mend: remove, remove: () => undefined };
  }),
  damagedClockMemory("clock-memory-corrupt", flipBit, "MER_AGENT_STATE_UNREADABLE"),
  damagedClockMemory("clock-memory-truncated", halve, "MER_AGENT_STATE_UNREADABLE"),
  damagedClockMemory("clock-memory-senseless", (file) => writeStateFile(file, Buffer.from('{"boot":1e999,"memory":[]}')), null),
  faultOnPrepared("config-damaged", {}, async (trial) => {
    trial.mayLoseConfig = true;
    const file = join(trial.stateDirectory, "config");
    const whole = readFileSync(file);
    for (const damage of [flipBit, halve, empty, garbage]) {
      writeFileSync(file, whole);
      damage(file);
      const lines = trial.lines().length;
      const agent = trial.start();
      await trial.sees("its start", ({ msg }) => msg === "running", startLimitSeconds, lines);
      const told = trial
        .lines()
        .slice(lines)
        .some(({ code }) => code === "MER_AGENT_STATE_UNREADABLE");
      trial.claim(told, `${damage.name}: it does not say that its configuration is damaged`);
      const { clock } = await trial.status();
      trial.claim(clock.guaranteedBoundNanoseconds === null, `${damage.name}: it has bounds without a configuration`);
      await agent.stop();
    }
    writeFileSync(file, whole);
    await trial.startLocked();
    await trial.recovers(recoveryLimitSeconds);
  }),
  faultOnPrepared("page-folder-read-only", { pageFolder: "page-folder" }, async (trial) => {
    const folder = dirname(trial.pageFile);
    const undo = mountReadOnly(folder);
    try {
      trial.referee.pause();
      await runsWithoutPage(trial);
    } finally {
      undo();
    }
    await hasPage(trial);
    // From now on it is open already: what is published does not need the folder.
    const again = mountReadOnly(folder);
    try {
      await sleep(2000);
      trial.unharmed();
    } finally {
      again();
    }
  }),
  faultOnPrepared("page-disk-full", { pageFolder: "page-folder" }, async (trial) => {
    const folder = dirname(trial.pageFile);
    const undo = mountSmallDisk(folder, 16);
    try {
      const ballast = join(folder, "ballast");
      fillUp(ballast);
      // Reading a page that has no room behind it would end us.
      trial.referee.pause();
      await runsWithoutPage(trial);
      trial.claim(!isHollow(trial.pageFile), "the page is a hole: who maps it dies of SIGBUS");
      rmSync(ballast);
      await hasPage(trial);
      await trial.agent.stop();
    } finally {
      undo();
    }
  }),
  faultOnLocked("page-removed", {}, async (trial) => {
    rmSync(trial.pageFile);
    trial.referee.reopen();
    const took = await trial.until("another page", () => trial.referee.take() !== undefined, 5);
    trial.note(`a new page after ${took.toFixed(1)} s`);
    await sleep(1000);
    trial.claim(!Number.isNaN(trial.referee.take()?.guaranteed ?? Number.NaN), "its new page is void");
    trial.unharmed();
  }),
];

/** Nobody's time depends on a page: the agent says that it cannot be made, and locks. */
async function runsWithoutPage(trial: AgentTrial): Promise<void> {
  const agent = trial.start();
  await trial.recovers(recoveryLimitSeconds);
  trial.claim(agent.outcome === null, `it ended: ${agent.outcome ?? ""}`);
  trial.claim(agent.tail(30).includes("MER_AGENT_PAGE_FAILED"), "it does not say that its page cannot be written");
}

/** The page is made once the disk lets it. */
async function hasPage(trial: AgentTrial): Promise<void> {
  const took = await trial.until("its page", () => existsSync(trial.pageFile) && statSync(trial.pageFile).size > 0, pageLimitSeconds);
  trial.note(`a page after ${took.toFixed(1)} s`);
  trial.referee.resume();
  await sleep(2000);
  trial.claim(!Number.isNaN(trial.referee.take()?.guaranteed ?? Number.NaN), "its page stays void");
}

/** Whether a file has its length and nothing behind it. */
function isHollow(file: string): boolean {
  const about = statSync(file, { throwIfNoEntry: false });
  return about !== undefined && about.size > 0 && about.blocks === 0;
}

/** Takes what room there is. */
function fillUp(file: string): void {
  try {
    writeFileSync(file, Buffer.alloc(1 << 20));
  } catch {
    // Full is what it should be.
  }
}
