/** Faults of the network under a node that follows PTP. */
import { setTimeout as sleep } from "node:timers/promises";
import { lossyPort } from "../lab/lossy-port.js";
import { runIp } from "../lab/private-namespace.js";
import { type AgentFault, faultOnLocked } from "./agent-fault.js";

/** A source counts as silent after 10 s. */
const silenceLimitSeconds = 13;
/** Between Holdover and the repair. */
const holdMs = 3000;
const recoveryLimitSeconds = 45;
const node = "follower";
const inNode = (...args: readonly string[]): void => runIp(["-n", node, ...args]);

export const agentNetworkFaults: readonly AgentFault[] = [
  faultOnLocked("cable-pulled", {}, async (trial) => {
    const { network } = trial.lane;
    network.setCable(node, false);
    try {
      trial.note(`Holdover after ${(await trial.reaches("Holdover", silenceLimitSeconds)).toFixed(1)} s`);
      await sleep(holdMs);
      const { clock } = await trial.status();
      trial.claim(clock.state === "Holdover" && clock.guaranteedBoundNanoseconds !== null, `status says ${clock.state}/${clock.reason}`);
    } finally {
      network.setCable(node, true);
    }
    await trial.recovers(recoveryLimitSeconds);
  }),
  faultOnLocked("loss-30-percent", {}, async (trial) => {
    const loss = await lossyPort(trial.lane.network.portOf(node), 0.3);
    await sleep(10_000);
    await loss.end();
    trial.note(`by ${loss.by}`);
    await trial.recovers(recoveryLimitSeconds);
  }),
  faultOnLocked("flap-every-second", {}, async (trial) => {
    for (let second = 0; second < 10; second += 1) {
      trial.lane.network.setCable(node, second % 2 === 1);
      await sleep(1000);
    }
    trial.note(
      `states ${trial
        .lines()
        .filter(({ msg }) => msg === "state")
        .map(({ to }) => to ?? "")
        .join(" ")}`,
    );
    await trial.recovers(recoveryLimitSeconds);
  }),
  faultOnLocked("interface-renamed", {}, async (trial) => {
    const rename = (from: string, to: string): void => {
      for (const args of [["down"], ["name", to]]) inNode("link", "set", from, ...args);
      inNode("link", "set", to, "up");
    };
    rename("eth0", "eth1");
    try {
      // The same interface under another name: what is open on it stays open.
      await sleep(5000);
      trial.claim(trial.state === "PhaseAligned", `its state is ${trial.state}`);
    } finally {
      rename("eth1", "eth0");
    }
    await trial.recovers(recoveryLimitSeconds);
  }),
  faultOnLocked("interface-gone", {}, async (trial) => {
    const { network } = trial.lane;
    network.removeInterface(node);
    try {
      await trial.reaches("Holdover", silenceLimitSeconds);
      await trial.sees("the missing interface", ({ code }) => code?.startsWith("MER_AGENT_PORT_") === true, 10);
    } finally {
      network.restoreInterface(node);
    }
    await trial.recovers(recoveryLimitSeconds);
  }),
  faultOnLocked("address-removed", {}, async (trial) => {
    const address = `${trial.lane.network.addressOf(node)}/24`;
    inNode("address", "delete", address, "dev", "eth0");
    try {
      // Multicast is still heard; what cannot be sent is asked again later.
      await sleep(8000);
      const { clock } = await trial.status();
      trial.note(`without an address: ${clock.state}, guaranteed ${String(clock.guaranteedBoundNanoseconds)} ns`);
    } finally {
      inNode("address", "add", address, "dev", "eth0");
    }
    await trial.recovers(recoveryLimitSeconds);
  }),
];
