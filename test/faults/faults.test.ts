/** One fault of each sort of `npm run test:faults -- kube` and of `-- agent`, and a short soak: that the suites themselves work. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findNamespaceFlags } from "../lab/private-namespace.js";
import { repositoryRoot } from "../lab/repository.js";
import { FaultTrial } from "./fault-trial.js";
import { runWireFault } from "./run-wire-fault.js";
import type { FaultOutcome } from "./outcome.js";
import { runSoak } from "./soak.js";
import { wireFaults } from "./wire-faults.js";

const faultNamed = (name: string) => {
  const fault = wireFaults.find((candidate) => candidate.name === name);
  if (fault === undefined) throw new Error(`no fault ${name}`);
  return fault;
};

describe("the suite of faults", () => {
  it.each(["gone-on-resume", "reset-write", "restored-from-backup", "certificate-rotated"])("survives %s", async (name) => {
    expect(await runWireFault(faultNamed(name))).toMatchObject({ fault: name, ok: true });
  });

  it("survives three seconds of faults at random", async () => {
    expect(await runSoak({ seconds: 3, seed: 7 })).toMatchObject({ ok: true });
  });

  it("calls it a failure when a fault misses its mark", async () => {
    const outcome = await runWireFault({ name: "nothing", signs: ["KOPF_WATCH_CUT"], inflict: (trial) => trial.change() });
    expect(outcome).toMatchObject({ ok: false, detail: expect.stringContaining("met KOPF_WATCH_CUT less than 1 times") as string });
  });

  it("calls it a failure when the operator does not recover", async () => {
    const outcome = await runWireFault({
      name: "endless",
      signs: [],
      inflict: ({ server }) => (server.watches.freeze(), void server.put("w1", { size: 77 })),
      limitSeconds: 1,
    });
    expect(outcome).toMatchObject({ ok: false, recoverSeconds: null });
  });

  it("knows every fault by one name", () => {
    const names = wireFaults.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it("sees a cache that does not hold the truth", async () => {
    const trial = await FaultTrial.start();
    try {
      trial.server.watches.hold();
      trial.server.remove("w3");
      expect(trial.disagreements).toContain("ns/w3: the cache differs from the server");
      trial.server.watches.release();
      expect(await trial.converge(30)).toBe(true);
    } finally {
      await trial.close();
    }
  });
});

const entry = join(repositoryRoot(), "test/dist/faults/main.js");
const bundle = join(repositoryRoot(), "node-agent/dist/bundle/meridian-agent.mjs");
const isInstalled = (program: string): boolean =>
  (process.env["PATH"] ?? "")
    .split(":")
    .concat("/usr/sbin", "/sbin")
    .some((folder) => existsSync(join(folder, program)));
const absent = ["ip", "ptp4l", "chronyd"].filter((program) => !isInstalled(program));
const missing =
  findNamespaceFlags() === null
    ? "skipped: needs root or user namespaces"
    : absent.length > 0
      ? `skipped: no ${absent.join(", ")}`
      : existsSync(entry) && existsSync(bundle)
        ? null
        : "skipped: run npm run build";

describe.skipIf(missing !== null)(`the suite of an agent's faults${missing === null ? "" : ` (${missing})`}`, () => {
  it("survives one of each lane's sort", { timeout: 120_000 }, async () => {
    const wanted = ["clock-stepped-once", "killed-and-restarted", "page-removed"];
    const { outcomes, exitCode } = await runAgentFaults(wanted);
    expect(outcomes.filter(({ ok }) => !ok)).toEqual([]);
    expect(outcomes.map(({ fault }) => fault).sort()).toEqual(wanted.sort());
    expect(exitCode).toBe(0);
  });

  it("does not run a fault that it does not know", async () => {
    expect(await runAgentFaults(["no-such-fault"])).toEqual({ outcomes: [], exitCode: 2 });
  });
});

function runAgentFaults(names: readonly string[]): Promise<{ outcomes: FaultOutcome[]; exitCode: number | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [entry, "agent", "--json", "--only", names.join(",")], { stdio: ["ignore", "pipe", "ignore"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.once("error", reject).once("close", (exitCode) => {
      const outcomes = output.split("\n").filter((line) => line !== "");
      resolve({ outcomes: outcomes.map((line): FaultOutcome => JSON.parse(line)), exitCode });
    });
  });
}
