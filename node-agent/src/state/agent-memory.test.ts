import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hub } from "@meridian/proto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AgentMemory, readBootId } from "./agent-memory.js";

let folder = "";
let failures: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "meridian-memory-"));
  failures = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (bootId = "boot-1"): AgentMemory => new AgentMemory(folder, bootId, (code, what) => failures.push(`${code} ${what}`));
const config = hub.Config.encode({ leaderEpoch: 7, revision: "r7", config: { role: "OrdinaryClock", domain: "d" } }).finish();

test("a configuration outlives the process, with its epoch and revision", () => {
  open().writeConfig(config);
  const stored = open().readConfig();
  expect(stored).toMatchObject({ leaderEpoch: 7, revision: "r7" });
  expect(hub.Config.decode(stored?.bytes ?? new Uint8Array()).config?.domain).toBe("d");
  expect(failures).toEqual([]);
});

test("nothing stored is no failure", () => {
  expect(open().readConfig()).toBeNull();
  expect(failures).toEqual([]);
});

test("a damaged configuration is told, thrown away, and never believed", () => {
  open().writeConfig(config);
  writeFileSync(join(folder, "config"), readFileSync(join(folder, "config")).subarray(0, -1));
  expect(open().readConfig()).toBeNull();
  expect(failures).toEqual(["MER_AGENT_STATE_UNREADABLE config"]);
  expect(existsSync(join(folder, "config"))).toBe(false);
});

test("a damaged note of a step is told, and counts as one: what may have been set is not set again", () => {
  open().rememberStep("virtual:/a");
  const file = join(folder, "stepped");
  writeFileSync(file, readFileSync(file).subarray(0, -1));
  expect(open().wasStepped("virtual:/a")).toBe(true);
  expect(failures).toEqual(["MER_AGENT_STATE_UNREADABLE stepped"]);
});

test("what cannot be read is told, and left where it is", () => {
  mkdirSync(join(folder, "config"));
  expect(open().readConfig()).toBeNull();
  expect(failures).toEqual(["MER_AGENT_STATE_UNREADABLE config"]);
  expect(existsSync(join(folder, "config"))).toBe(true);
});

test("octets that are whole but no configuration are told as well", () => {
  open().writeConfig(Buffer.from([0x0a, 0xff, 0xff, 0xff]));
  expect(open().readConfig()).toBeNull();
  expect(failures).toEqual(["MER_AGENT_STATE_UNREADABLE config"]);
});

test("a released node stays released after a restart, and still knows the epoch of the leader that released it", () => {
  const memory = open();
  memory.writeConfig(config);
  memory.forgetConfig(9);
  const stored = open().readConfig();
  expect(stored?.leaderEpoch).toBe(9);
  expect(hub.Config.decode(stored?.bytes ?? new Uint8Array()).config ?? null).toBeNull();
});

test("a disk that refuses everything is told and throws nothing", () => {
  const blocked = new AgentMemory(join(folder, "file/below"), "boot-1", (code, what) => failures.push(`${code} ${what}`));
  writeFileSync(join(folder, "file"), "");
  blocked.writeConfig(config);
  blocked.rememberStep("virtual:/a");
  blocked.forgetConfig(1);
  expect(blocked.readConfig()).toBeNull();
  expect(blocked.wasStepped("virtual:/a")).toBe(false);
  expect(new Set(failures)).toEqual(new Set(["MER_AGENT_STATE_UNWRITABLE config", "MER_AGENT_STATE_UNWRITABLE stepped"]));
});

test("a release that cannot be written still removes the old configuration", () => {
  const memory = open();
  memory.writeConfig(config);
  mkdirSync(join(folder, "config.new")); // the place of the temporary file is taken
  memory.forgetConfig(9);
  rmSync(join(folder, "config.new"), { recursive: true, force: true });
  expect(open().readConfig()).toBeNull();
});

test("a step is remembered for that clock and that boot of the host only", () => {
  open().rememberStep("virtual:/a");
  expect(open().wasStepped("virtual:/a")).toBe(true);
  expect(open().wasStepped("virtual:/b")).toBe(false);
  expect(open("boot-2").wasStepped("virtual:/a")).toBe(false);
});

test("the boot id is the kernel's", () => {
  expect(readBootId()).toMatch(/^[0-9a-f-]{36}$/);
});
