/** `npm run test:interop -- smoke` as a process of its own, in namespaces of its own: what it claims, held to here. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Claim } from "../demo/claims.js";
import { findNamespaceFlags } from "../lab/private-namespace.js";
import { repositoryRoot } from "../lab/repository.js";

const entry = join(repositoryRoot(), "test/dist/interop/main.js");
const has = (program: string): boolean => spawnSync(program, ["-v"], { stdio: "ignore" }).error === undefined;
const absent = ["ptp4l", "pmc", "chronyd", "chronyc", "tshark", "dumpcap"].filter((program) => !has(program));
const missing =
  absent.length > 0
    ? `skipped: no ${absent.join(", ")}`
    : findNamespaceFlags() === null
      ? "skipped: needs root or user namespaces"
      : existsSync(entry)
        ? null
        : "skipped: run npm run build";

describe.skipIf(missing !== null)(`real ptp4l and chronyd${missing === null ? "" : ` (${missing})`}`, () => {
  it("take our time and give us theirs, and tshark reads all of it", { timeout: 180_000 }, () => {
    const { stdout, stderr } = spawnSync(process.execPath, [entry, "smoke", "--json"], { encoding: "utf8" });
    const claims = stdout
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line): Claim => JSON.parse(line));
    expect(
      claims.filter(({ ok }) => !ok),
      stderr,
    ).toEqual([]);
    expect(claims.length, stderr).toBe(6);
  });
});
