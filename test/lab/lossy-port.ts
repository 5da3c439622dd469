/**
 * Packets lost at random on one port of the lab's switch: by the kernel's netem where it has it, else by blocking the port for that
 * share of the time, in slices that are shorter than any timeout.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

export interface PacketLoss {
  /** What does it, for a reader. */
  readonly by: string;
  end(): Promise<void>;
}

const [shortestSliceMs, longestSliceMs] = [10, 70];

/** @param share of the packets, 0 … 1, that is lost both ways with a blocked port and from the switch on with netem */
export async function lossyPort(port: string, share: number, random: () => number = Math.random): Promise<PacketLoss> {
  const netem = (action: "add" | "del", ...more: readonly string[]): boolean =>
    spawnSync("tc", ["qdisc", action, "dev", port, "root", "netem", ...more], { stdio: "ignore" }).status === 0;
  if (netem("add", "loss", `${String(100 * share)}%`))
    return Promise.resolve({ by: "netem", end: () => Promise.resolve(void netem("del")) });
  const bridge = spawn("bridge", ["-batch", "-"], { stdio: ["pipe", "ignore", "inherit"] });
  // forwarding 3, disabled 0; no carrier is lost
  const setState = (state: 0 | 3): void => void bridge.stdin.write(`link set dev ${port} state ${String(state)}\n`);
  const ending = new AbortController();
  const flapping = (async () => {
    while (!ending.signal.aborted) {
      setState(random() < share ? 0 : 3);
      await sleep(shortestSliceMs + (longestSliceMs - shortestSliceMs) * random());
    }
    setState(3);
  })();
  return {
    by: "a port that is blocked for that share of the time",
    async end() {
      ending.abort();
      await flapping;
      const ended = once(bridge, "exit");
      bridge.stdin.end();
      await ended;
    },
  };
}
