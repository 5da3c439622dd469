/**
 * Time by NTP, from intent to clocks: a domain that has nothing else, a server that dies and comes back, and NTP as what is left when
 * the PTP grandmaster is gone. The server is a real chronyd on the network of node gm-b, which belongs to no domain.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Claims } from "../demo/claims.js";
import { type World, workers } from "../demo/world.js";
import { startChronyd } from "../lab/chronyd.js";
import { repositoryRoot } from "../lab/repository.js";
import { checkClocks, holdsWithin, workersSynchronized } from "./observe.js";
import { Referee } from "./referee.js";

const lockLimitMs = 60_000;
const looseMs = 10_000;

interface NodeClockView {
  readonly spec: { readonly nodeName: string };
  readonly status?: {
    readonly state?: string;
    readonly selectedUpstream?: string;
    readonly stratum?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string; readonly message: string }[];
  };
}

export async function keepTimeByNtp(world: World, claims: Claims): Promise<void> {
  const { kubectl } = world.plane;
  const apply = (file: string) => kubectl.run(["apply", "--server-side", "-f", join(repositoryRoot(), "test/e2e", file)]);
  const startServer = () => startChronyd({ node: "gm-b", directory: join(world.directory, "chronyd"), role: { kind: "server" } });
  const clocks = async (): Promise<Map<string, NodeClockView>> => {
    const { items } = await kubectl.get<{ items: readonly NodeClockView[] }>(["nodeclocks"]);
    return new Map(items.map((clock) => [clock.spec.nodeName, clock]));
  };
  const workersAre = async (test: (clock: NodeClockView) => boolean): Promise<boolean> => {
    const all = await clocks();
    return workers.every((worker) => {
      const clock = all.get(worker);
      return clock !== undefined && test(clock);
    });
  };
  const follow = (source: string) => () =>
    workersAre(({ status }) => status?.selectedUpstream === source && status.state === "PhaseAligned");

  let server = startServer();
  const referee = new Referee(world);
  try {
    let from = performance.now();
    await apply("ntp.yaml");
    const locked = await holdsWithin(lockLimitMs, () => workersSynchronized(world));
    claims.check("a domain that has one NTP server and nothing else: every worker is synchronized", locked, since(from));
    const one = (await clocks()).get("worker-1")?.status;
    claims.check(
      "its status says whom it follows, and of which stratum that is",
      one?.selectedUpstream === "office" && one.stratum === 1,
      `stratum ${String(one?.stratum)}`,
    );
    from = performance.now();
    await sleep(looseMs);
    checkClocks(claims, "by NTP alone", referee, from);

    from = performance.now();
    await server.kill();
    const held = await holdsWithin(lockLimitMs, () => workersAre(({ status }) => status?.state === "Holdover"));
    claims.check("the server is killed: every worker says Holdover", held, since(from));
    await sleep(looseMs);
    server = startServer();
    const again = await holdsWithin(lockLimitMs, follow("office"));
    const serves = !readFileSync(server.logFile, "utf8").includes("Could not open");
    claims.check("it comes back: every worker follows it again", again && serves, serves ? since(from) : "it could not bind its port");
    checkClocks(claims, "while it was gone and after", referee, from);

    from = performance.now();
    await apply("ntp-fallback.yaml");
    claims.check("a PTP grandmaster is added: every worker follows that", await holdsWithin(lockLimitMs, follow("gm-a")), since(from));
    await sleep(looseMs / 2);
    await world.agents.get("gm-a")?.kill();
    const fellBack = await holdsWithin(lockLimitMs, follow("office"));
    claims.check("the grandmaster is killed: every worker falls back to NTP", fellBack, since(from));
    await sleep(looseMs);
    checkClocks(claims, "over both changes of source", referee, from);
    const dead = world.casualties.map(({ name }) => name);
    claims.check("no process ended by itself", dead.length === 0, dead.join(", ") || "none");
  } finally {
    await referee.stop();
    await server.stop();
  }
}

const since = (from: number): string => `${((performance.now() - from) / 1000).toFixed(1)} s`;
