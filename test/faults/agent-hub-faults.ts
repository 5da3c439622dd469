/**
 * The operator, its hub and the API server behind it are gone, or something else stands there. With the API server alone the hub
 * goes on as it is (npm run test:e2e -- loss-of-control has the real one); what an agent can meet is what is here.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Authority, FakeHub, type HubStream } from "@meridian/node-agent/testing";
import { BrokenHub, type HubTrouble } from "../lab/broken-hub.js";
import { switchAddress } from "../lab/network.js";
import { type AgentFault, failureOf } from "./agent-fault.js";
import { followerConfig, ptpSource } from "./agent-sources.js";
import { AgentTrial } from "./agent-trial.js";

/** Of its waiting times the longest is 30 s; these outages are shorter than it takes to get there. */
const comebackLimitSeconds = 40;
const config = followerConfig({ receivers: [ptpSource()] });

interface HubWorld {
  readonly hub: FakeHub;
  readonly way: BrokenHub;
  /** The agent's stream, welcomed. */
  readonly stream: HubStream;
}

/** On an agent that is locked and connected. */
function hubFault(name: string, inflict: (trial: AgentTrial, world: HubWorld) => Promise<void>, stored = true): AgentFault {
  return {
    name,
    agents: 1,
    async run(lane) {
      await lane.serve();
      const directory = lane.home("hub");
      const authority = new Authority(directory, "ca");
      const hub = await FakeHub.start(authority.issue("meridian-hub"));
      const way = await BrokenHub.listen(switchAddress, hub.address);
      const tokenFile = join(directory, "token");
      writeFileSync(tokenFile, "token\n");
      const trial = new AgentTrial(lane, {
        name,
        config: stored ? config : null,
        hub: { address: way.address, caFile: authority.certificateFile, tokenFile },
      });
      const failure = await failureOf(async () => {
        trial.start();
        const stream = await hub.accept(20_000);
        stream.welcome();
        if (stored) await trial.recovers(40);
        await inflict(trial, { hub, way, stream });
      });
      const outcome = await trial.finish(failure);
      await way.close();
      hub.kill();
      return outcome;
    },
  };
}

/** For as long as the trouble lasts the clock is as ever, its reason is told, and afterwards the agent comes back by itself. */
function brokenWay(name: string, trouble: HubTrouble, lastsSeconds: number, code: RegExp): AgentFault {
  return hubFault(name, async (trial, { hub, way }) => {
    const lines = trial.lines().length;
    way.become(trouble);
    const told = await trial.sees(
      "its reason",
      (line) => line.msg === "no hub now; time goes on" && code.test(line.code ?? ""),
      lastsSeconds + 20,
      lines,
    );
    trial.note(`told after ${told.toFixed(1)} s`);
    await sleep(Math.max(0, 1e3 * (lastsSeconds - told)));
    const { hub: seen } = await trial.status();
    trial.claim(!seen.connected && code.test(seen.trouble ?? ""), `its status says ${String(seen.connected)} ${seen.trouble ?? "nothing"}`);
    const states = trial
      .lines()
      .slice(lines)
      .filter(({ msg }) => msg === "state");
    trial.claim(states.length === 0, `its clock went to ${states[0]?.to ?? ""}`);
    way.become("none");
    const wellAt = performance.now();
    const stream = await hub.accept(1e3 * comebackLimitSeconds);
    trial.note(`came back after ${((performance.now() - wellAt) / 1e3).toFixed(1)} s`);
    stream.welcome();
    await trial.until("connected", async () => (await trial.status()).hub.connected, 5);
    trial.unharmed();
  });
}

export const agentHubFaults: readonly AgentFault[] = [
  brokenWay("hub-frozen", "frozen", 16, /^MER_AGENT_HUB_(LOST|UNREACHABLE)$/),
  brokenWay("hub-silent", "silent", 12, /^MER_AGENT_HUB_(LOST|UNREACHABLE)$/),
  brokenWay("hub-resets", "reset", 5, /^MER_AGENT_HUB_(LOST|UNREACHABLE)$/),
  brokenWay("hub-garbage", "garbage", 5, /^MER_AGENT_HUB_(LOST|UNREACHABLE|UNTRUSTED)$/),
  hubFault("hub-refuses", async (trial, { hub, way }) => {
    const lines = trial.lines().length;
    await way.close();
    hub.kill();
    await trial.sees("its reason", ({ code }) => code === "MER_AGENT_HUB_UNREACHABLE", 15, lines);
    await sleep(3000);
    const { hub: seen } = await trial.status();
    trial.claim(seen.trouble === "MER_AGENT_HUB_UNREACHABLE", `its status says ${seen.trouble ?? "nothing"}`);
    // Without operator and hub a restart has what it needs.
    await trial.agent.kill();
    const restarted = trial.lines().length;
    trial.start();
    await trial.sees("the stored configuration", ({ msg }) => msg === "running from the last configuration", 20, restarted);
    await trial.recovers(40);
  }),
  hubFault("hub-talks-nonsense", async (trial, { hub, stream }) => {
    const lines = trial.lines().length;
    stream.send({ config: { leaderEpoch: 0, revision: "stale", config: { role: "Observer" } } });
    await stream.receive(({ applied }) => applied?.parts?.some(({ code }) => code === "MER_AGENT_STALE_EPOCH"));
    stream.send({ config: { leaderEpoch: 2 ** 31, revision: "too new", config: { role: "Observer" } } });
    const receivers = Array.from({ length: 40 }, (_, index) => ({ source: `\u0000${"x".repeat(300)}${String(index)}`, priority: 1e9 }));
    const junk = {
      leaderEpoch: 1,
      revision: "junk",
      config: { ...config, receivers: [ptpSource(), ...receivers], associations: [{ source: "", address: "-" }] },
    };
    stream.send({ config: junk });
    await stream.receive(({ applied }) => applied?.parts?.some(({ code }) => code === "MER_AGENT_PART_INVALID"));
    trial.mayLoseConfig = true;
    stream.send(Buffer.from("deadbeefffffffff", "hex"));
    await trial.sees("its complaint", ({ code }) => code === "MER_AGENT_HUB_LOST", 10, lines);
    (await hub.accept(1e3 * comebackLimitSeconds)).welcome();
    trial.unharmed();
  }),
  hubFault(
    "config-damaged-hub-mends",
    async (trial, { stream }) => {
      trial.mayLoseConfig = true;
      stream.send({ config: { leaderEpoch: 1, revision: "again", config } });
      await trial.recovers(40);
      await trial.agent.kill();
      const lines = trial.lines().length;
      trial.start();
      await trial.sees("the stored configuration", ({ msg }) => msg === "running from the last configuration", 20, lines);
      await trial.recovers(40);
    },
    false,
  ),
];
