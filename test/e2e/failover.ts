/**
 * Two operators, five live agents. The leader is killed, then stopped in the middle of its work and woken again, then cut off from
 * the API server while its agents stay connected to it, then asked to leave: every time the other one leads soon, plans what the user changed meanwhile, and no clock notices. An old leader that
 * does not know that it was replaced is obeyed by nobody.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Claims } from "../demo/claims.js";
import type { Kubectl } from "../controlplane/kubectl.js";
import { readDomain, readNodes } from "../demo/cluster-view.js";
import type { World } from "../demo/world.js";
import { join } from "node:path";
import { operatorNamespace } from "../lab/cluster.js";
import { repositoryRoot } from "../lab/repository.js";
import { checkClocks, countConnections, holdsWithin, readAgentLog, workersSynchronized } from "./observe.js";
import { Referee } from "./referee.js";

const lockLimitMs = 60_000;
/** A lease of 15 s, and the look of the other replica every 2 s. */
const takeoverLimitMs = 20_000;
/** A leader that only fell silent is noticed by its agents' keepalive first. */
const silentLimitMs = 60_000;
const endpointAnnotation = "time.meridian.io/hub-endpoint";

interface Leader {
  readonly replica: number;
  readonly holder: string;
  readonly epoch: number;
}

export async function failOver(world: World, claims: Claims): Promise<void> {
  const { kubectl } = world.plane;
  await kubectl.run(["apply", "--server-side", "-f", join(repositoryRoot(), "test/demo/time.yaml")]);
  const locked = await holdsWithin(lockLimitMs, () => workersSynchronized(world));
  claims.check("every worker is synchronized", locked, locked ? "yes" : "no");
  const referee = new Referee(world);
  const unknown = new UnknownWatch(world);
  try {
    await killLeader(world, claims, referee);
    await silenceLeader(world, claims, referee);
    await isolateLeader(world, claims, referee);
    await dismissLeader(world, claims, referee);
    claims.check(
      "no NodeClock was called unknown because leaders changed",
      unknown.seen.size === 0,
      [...unknown.seen].join(", ") || "none",
    );
    const dead = world.casualties.map(({ name }) => name);
    claims.check("no process ended by itself", dead.length === 0, dead.join(", ") || "none");
  } finally {
    await unknown.stop();
    await referee.stop();
  }
}

/** Nodes whose NodeClock said Unknown at any time. */
class UnknownWatch {
  readonly seen = new Set<string>();
  readonly #running: Promise<void>;
  #ended = false;

  constructor({ plane }: World) {
    this.#running = this.#run(plane.kubectl);
  }

  async #run(kubectl: Kubectl): Promise<void> {
    for (; !this.#ended; await sleep(500))
      for (const { node, state } of await readNodes(kubectl).catch(() => [])) if (state === "Unknown") this.seen.add(node);
  }

  async stop(): Promise<void> {
    this.#ended = true;
    await this.#running;
  }
}

async function killLeader(world: World, claims: Claims, referee: Referee): Promise<void> {
  const old = await readLeader(world);
  const connections = connectionsOf(world);
  const from = performance.now();
  await world.operators[old.replica]?.process.kill();
  await changeIntent(world, 90_000);
  const leader = await awaitOther(world, old, takeoverLimitMs);
  claims.check("killed: the other operator leads within 20 s, with a higher epoch", leader !== null, since(from));
  await checkObeyed(world, claims, "killed", connections, from, takeoverLimitMs);
  checkClocks(claims, "while the leader was killed", referee, from);
  await world.restartOperator(old.replica);
}

async function silenceLeader(world: World, claims: Claims, referee: Referee): Promise<void> {
  const old = await readLeader(world);
  const connections = connectionsOf(world);
  const from = performance.now();
  const silent = world.operators[old.replica]?.process;
  silent?.signal("SIGSTOP");
  await changeIntent(world, 80_000);
  const leader = await awaitOther(world, old, takeoverLimitMs);
  claims.check("stopped: the other operator leads within 20 s, with a higher epoch", leader !== null, since(from));
  await checkObeyed(world, claims, "stopped", connections, from, silentLimitMs);
  const woken = performance.now();
  silent?.signal("SIGCONT");
  const stepsDown = () =>
    readFileSync(silent?.logFile ?? "", "utf8")
      .slice(-20_000)
      .includes("leads no longer");
  claims.check("the old leader finds out that it was replaced", await holdsWithin(10_000, stepsDown), since(woken));
  await sleep(10_000);
  const now = await readLeader(world);
  claims.check(
    "and the new one goes on to lead",
    now.holder === leader?.holder && now.epoch === leader.epoch,
    `epoch ${String(now.epoch)}`,
  );
  checkEpochs(world, claims, "the old leader was woken");
  checkClocks(claims, "while the leader was stopped and woken", referee, from);
}

/** Alone, it is connected to every agent and leads nobody: that they get no orders is the one thing that it may do to them. */
async function isolateLeader(world: World, claims: Claims, referee: Referee): Promise<void> {
  const old = await readLeader(world);
  const connections = connectionsOf(world);
  const from = performance.now();
  const link = world.links[old.replica];
  link?.cut();
  await changeIntent(world, 75_000);
  const leader = await awaitOther(world, old, takeoverLimitMs);
  claims.check("cut off from the API server: the other operator leads within 20 s", leader !== null, since(from));
  await checkObeyed(world, claims, "cut off", connections, from, silentLimitMs);
  link?.mend();
  await sleep(10_000);
  const now = await readLeader(world);
  claims.check("the old leader comes back as the second", now.holder === leader?.holder, `epoch ${String(now.epoch)}`);
  checkEpochs(world, claims, "the old leader was cut off");
  checkClocks(claims, "while the leader was cut off", referee, from);
}

async function dismissLeader(world: World, claims: Claims, referee: Referee): Promise<void> {
  const old = await readLeader(world);
  const connections = connectionsOf(world);
  const from = performance.now();
  await world.operators[old.replica]?.process.stop();
  await changeIntent(world, 70_000);
  const leader = await awaitOther(world, old, takeoverLimitMs);
  claims.check("asked to leave: it hands over at once", leader !== null && performance.now() - from < 10_000, since(from));
  await checkObeyed(world, claims, "asked to leave", connections, from, takeoverLimitMs);
  checkClocks(claims, "while the leader left", referee, from);
}

/** Every agent is back and runs what the user changed while nobody led. */
async function checkObeyed(
  world: World,
  claims: Claims,
  what: string,
  connections: ReadonlyMap<string, number>,
  from: number,
  limitMs: number,
): Promise<void> {
  const left = () => Math.max(0, limitMs - (performance.now() - from));
  const back = await holdsWithin(left(), () => [...connections].every(([node, before]) => countConnections(world, node) > before));
  claims.check(`${what}: all five agents are with the new leader`, back, since(from));
  const planned = await holdsWithin(left() + 5_000, async () => (await readObservedGeneration(world)).current);
  claims.check(`${what}: the new leader has planned what was changed meanwhile`, planned, since(from));
}

/** Of the epochs that an agent met, it never obeyed a lower one after a higher one. */
function checkEpochs(world: World, claims: Claims, when: string): void {
  const disordered = [...world.agents.keys()].filter((node) => {
    const epochs = Array.from(readAgentLog(world, node).matchAll(/"leaderEpoch":(\d+)/g), ([, epoch]) => Number(epoch));
    return epochs.length < 2 || epochs.some((epoch, index) => epoch < (epochs[index - 1] ?? 0));
  });
  claims.check(`no agent obeyed an old leader when ${when}`, disordered.length === 0, disordered.join(", ") || "none");
}

/** A change that every agent's configuration shows. */
async function changeIntent({ plane }: World, maxErrorNanoseconds: number): Promise<void> {
  const patch = JSON.stringify({ spec: { objective: { maxErrorNanoseconds } } });
  await plane.kubectl.run(["patch", "timedomain", "demo", "--type=merge", "-p", patch]);
}

async function readObservedGeneration({ plane }: World): Promise<{ current: boolean }> {
  const domain = await plane.kubectl.get<{ metadata: { generation: number }; status?: { observedGeneration?: number } }>([
    "timedomain",
    "demo",
  ]);
  const { synchronized } = await readDomain(plane.kubectl);
  return { current: synchronized && domain.status?.observedGeneration === domain.metadata.generation };
}

async function readLeader({ operators, plane }: World): Promise<Leader> {
  const { metadata, spec } = await plane.kubectl.get<{
    metadata: { annotations?: Record<string, string> };
    spec: { holderIdentity?: string; leaseTransitions?: number };
  }>(["lease", "meridian-operator", "-n", operatorNamespace]);
  const endpoint = metadata.annotations?.[endpointAnnotation];
  return {
    replica: operators.findIndex(({ hub }) => hub === endpoint),
    holder: spec.holderIdentity ?? "",
    epoch: spec.leaseTransitions ?? 0,
  };
}

async function awaitOther(world: World, old: Leader, limitMs: number): Promise<Leader | null> {
  let leader: Leader | null = null;
  const taken = await holdsWithin(limitMs, async () => {
    leader = await readLeader(world);
    return leader.holder !== "" && leader.holder !== old.holder && leader.epoch > old.epoch;
  });
  return taken ? leader : null;
}

const connectionsOf = (world: World): ReadonlyMap<string, number> =>
  new Map(Array.from(world.agents.keys(), (node) => [node, countConnections(world, node)]));

const since = (from: number): string => `${((performance.now() - from) / 1000).toFixed(1)} s`;
