/** Scenarios with everything real: control plane, operator, agents, packets. Each runs as a process in namespaces of its own. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { missingComponents } from "../controlplane/built-binaries.js";
import { findNamespaceFlags } from "../lab/private-namespace.js";
import { repositoryRoot } from "../lab/repository.js";

const entry = join(repositoryRoot(), "test/dist/e2e/main.js");
const missing =
  (await missingComponents()) ??
  (findNamespaceFlags() === null ? "skipped: needs root or user namespaces" : existsSync(entry) ? null : "skipped: run npm run build");

describe.skipIf(missing !== null)(`a cluster of real agents${missing === null ? "" : ` (${missing})`}`, () => {
  it.each([
    ["through the loss of operator and API server", "loss-of-control", 8],
    ["while one operator takes over from the other", "failover", 15],
    ["by NTP, alone and behind PTP", "ntp", 9],
    ["when intent is taken back", "deletion", 9],
  ])("keeps time %s", { timeout: 300_000 }, async (_when, scenario, least) => {
    const { claims, log } = await runScenario(scenario);
    expect(
      claims.filter(({ ok }) => !ok),
      log,
    ).toEqual([]);
    expect(claims.length, log).toBeGreaterThanOrEqual(least);
  });
});

interface Outcome {
  readonly claims: readonly { readonly claim: string; readonly ok: boolean; readonly figure: string }[];
  readonly log: string;
}

function runScenario(name: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [entry, name, "--json"], { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let log = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
    child.on("error", reject);
    child.on("close", () => {
      const claims = output
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line) as Outcome["claims"][number]);
      resolve({ claims, log });
    });
  });
}
