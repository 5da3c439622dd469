/**
 * Setting a clock right is what the connection to the hub is for, so no date may stand in its way: real agents whose process
 * believes in another year connect, authenticate and are reported.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createVirtualClock } from "@meridian/native";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missingComponents } from "../controlplane/built-binaries.js";
import { type ControlPlane, startControlPlane } from "../controlplane/control-plane.js";
import { startAgent } from "../lab/agent-process.js";
import { createNodes, installMeridian, writeAgentToken, writeHubCa, writeOperatorKubeconfig } from "../lab/cluster.js";
import { type OperatorProcess, startOperator } from "../lab/operator-process.js";
import { repositoryRoot } from "../lab/repository.js";

const faketime = spawnSync("faketime", ["-v"], { stdio: "ignore" }).error === undefined;
const bundle = join(repositoryRoot(), "node-agent/dist/bundle/meridian-agent.mjs");
const missing =
  (await missingComponents()) ??
  (faketime ? (existsSync(bundle) ? null : "skipped: run npm run build") : "skipped: no faketime; install the package faketime");

describe.skipIf(missing !== null)(`an agent with a wrong clock${missing === null ? "" : ` (${missing})`}`, () => {
  let directory: string;
  let plane: ControlPlane;
  let operator: OperatorProcess;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "meridian-wrong-clock-"));
    plane = await startControlPlane({ directory: join(directory, "plane") });
    await installMeridian(plane.kubectl);
    await createNodes(plane.kubectl, [{ name: "lost", address: "10.0.0.1", zone: "a" }]);
    const kubeconfig = join(directory, "operator.kubeconfig");
    await writeOperatorKubeconfig(plane.kubectl, plane.kubeconfig, kubeconfig);
    operator = await startOperator({ directory, kubeconfig, hubAddress: "127.0.0.1:0" });
    await writeHubCa(plane.kubectl, join(directory, "ca.crt"));
    await writeAgentToken(plane.kubectl, "lost", join(directory, "token"));
  }, 120_000);
  afterAll(async () => {
    await operator?.process.stop();
    await plane?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it.each(["1970-01-02 00:00:00", "2036-11-24 00:00:00"])("of %s connects to the hub", async (date) => {
    const home = join(directory, date.slice(0, 4));
    mkdirSync(home);
    createVirtualClock(join(home, "clock"), { seconds: 600, seed: 1, offsetNs: 0, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 });
    const agent = startAgent({
      node: "lost",
      directory: home,
      hub: operator.hub,
      hubCaFile: join(directory, "ca.crt"),
      tokenFile: join(directory, "token"),
      clockFile: join(home, "clock"),
      namespace: null,
      inside: (program, args) => ({ program: "faketime", args: ["-f", `@${date}`, program, ...args] }),
      env: { ...process.env, FAKETIME_DONT_FAKE_MONOTONIC: "1", TZ: "UTC" },
      extraArgs: ["--http-address", "none"],
    });
    try {
      const lines = () => readFileSync(agent.logFile, "utf8").split("\n");
      await agent.waitUntil("the connection", () => lines().some((line) => line.includes("connected to the hub")), 20_000);
      // It really lived in that year: pino's own stamp says so.
      const stamp = Number(/"time":(-?\d+)/.exec(lines().find((line) => line.includes("connected to the hub")) ?? "")?.[1]);
      expect(new Date(stamp).getUTCFullYear()).toBe(Number(date.slice(0, 4)));
      const metrics = await (await fetch(`http://${operator.http}/metrics`)).text();
      expect(metrics).toMatch(/^meridian_hub_agents_connected 1$/m);
    } finally {
      await agent.stop();
    }
  });
});
