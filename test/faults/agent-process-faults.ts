/** What happens to the agent's own process: it is stopped, killed, started twice, started without rights, fed with garbage. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { hostilePackets } from "../lab/hostile-packets.js";
import { insideNode } from "../lab/network.js";
import { repositoryRoot } from "../lab/repository.js";
import { type AgentFault, faultOnLocked, faultOnPrepared } from "./agent-fault.js";
import { ptpSource } from "./agent-sources.js";
import type { AgentTrial } from "./agent-trial.js";

const recoveryLimitSeconds = 45;
/** Of a restart: bounds are on the page that soon after the agent says that it runs. */
const recallLimitSeconds = 1;
const withoutRights = (...rights: readonly string[]): string[] => {
  const list = rights.map((right) => `-${right}`).join(",");
  return ["setpriv", `--bounding-set=${list}`, `--inh-caps=${list}`];
};
const served = { receivers: [ptpSource()], ntpServer: { allowedCidrs: ["10.77.0.0/24"] } };

/** Octets of NTP requests that deserve no answer, and of some that deserve little: modes, versions, lengths. */
const hostileNtp: readonly string[] = [
  "",
  "23",
  "00".repeat(48),
  "ff".repeat(48),
  `1b${"00".repeat(46)}`,
  // control and private messages (modes 6 and 7), a forged answer (mode 4), version 7
  ...["16", "17", "24", "3b"].map((first) => `${first}${"a5".repeat(47)}`),
  `23${"00".repeat(47)}0104ffff${"00".repeat(16)}`,
  `23${"00".repeat(1400)}`,
];

export const agentProcessFaults: readonly AgentFault[] = [
  faultOnLocked("killed-and-restarted", {}, async (trial) => {
    await sleep(1500);
    await trial.agent.kill();
    const lines = trial.lines().length;
    trial.start();
    await trial.sees("its start", ({ msg }) => msg === "running", 20, lines);
    const took = await trial.until(
      "bounds from its memory",
      () => !Number.isNaN(trial.referee.take()?.guaranteed ?? Number.NaN),
      recallLimitSeconds,
    );
    trial.note(`bounds ${took.toFixed(2)} s after the start`);
    const recalled = trial
      .lines()
      .slice(lines)
      .some(({ msg }) => msg === "going on from what was known of the clock");
    trial.claim(recalled, "it did not go on from its memory");
    await trial.recovers(recoveryLimitSeconds);
  }),
  faultOnLocked("two-agents-on-one-clock", { agents: 2 }, async (trial) => {
    const second = trial.startSecond(["--http-address", "none"]);
    await trial.until("the second one's end", () => second.outcome !== null, 15);
    trial.claim(second.outcome === "exit 1", `the second one: ${second.outcome ?? ""}`);
    const said = second.tail(3);
    trial.claim(
      said.includes("MER_AGENT_CLOCK_BUSY") && said.includes(`process ${String(trial.agent.pid)} steers this clock`),
      "it does not name the first one",
    );
    trial.unharmed();
  }),
  faultOnPrepared("no-right-to-ports", { sources: served }, async (trial) => {
    const agent = trial.start(withoutRights("net_bind_service", "net_raw"));
    await trial.sees("the missing right to PTP ports", ({ code }) => code === "MER_AGENT_PORT_DENIED", 20);
    await trial.sees("the missing right to serve NTP", ({ code }) => code === "MER_AGENT_SERVER_FAILED", 20);
    const { ports } = await trial.status();
    trial.claim(
      ports.some(({ trouble }) => trouble?.code === "MER_AGENT_PORT_DENIED"),
      "its status does not name the missing right",
    );
    await sleep(1000);
    await agent.stop();
    const lines = trial.lines().length;
    trial.start();
    await trial.sees("its start", ({ msg }) => msg === "running", 20, lines);
    await trial.recovers(recoveryLimitSeconds);
  }),
  faultOnPrepared("no-right-to-priority", {}, async (trial) => {
    trial.start(withoutRights("sys_nice"));
    await trial.recovers(recoveryLimitSeconds);
    await sleep(2000);
  }),
  faultOnLocked("hostile-packets", { sources: served }, async (trial) => {
    const to = trial.lane.network.addressOf("follower");
    const ptp = hostilePackets.flatMap(({ octets }) => [319, 320].map((port) => ({ octets, port, count: 25 })));
    const ntp = hostileNtp.map((octets) => ({ octets, port: 123, count: 100, to }));
    sendFromStranger([...ptp, ...ntp]);
    await sleep(1000);
    trial.note(`${countDropped(trial)} PTP packets dropped`);
    trial.unharmed();
  }),
  faultOnLocked("flood-of-garbage", { sources: served }, async (trial) => {
    const to = trial.lane.network.addressOf("follower");
    sendFromStranger([
      ...[319, 320].map((port) => ({ octets: "00".repeat(44), port, count: 5000 })),
      { octets: `23${"00".repeat(47)}`, port: 123, count: 5000, to },
    ]);
    await sleep(1000);
    trial.unharmed();
  }),
];

function sendFromStranger(packets: readonly object[]): void {
  const { program, args } = insideNode("stranger", process.execPath, [join(repositoryRoot(), "test/lab/send-packets.mjs")]);
  const { status, stderr } = spawnSync(program, args, { input: JSON.stringify(packets), encoding: "utf8" });
  if (status !== 0) throw new Error(`hostile packets were not sent: ${stderr}`);
}

/** Of the agent's own metrics, over all reasons. */
function countDropped(trial: AgentTrial): number {
  const script = `fetch("http://127.0.0.1:9464/metrics").then(async (answer) => process.stdout.write(await answer.text()))`;
  const { program, args } = insideNode("follower", process.execPath, ["-e", script]);
  const { stdout } = spawnSync(program, args, { encoding: "utf8" });
  const counts = [...stdout.matchAll(/^meridian_ptp_packets_dropped_total\{[^}]*\} (\d+)$/gm)].map(([, count]) => Number(count));
  const sum = counts.reduce((total, count) => total + count, 0);
  trial.claim(sum >= 2 * 25 * hostilePackets.length, `only ${String(sum)} hostile packets were counted`);
  return sum;
}
