import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { AgentStatus } from "../status/agent-status.js";
import { type StatusServer, startStatusServer } from "../status/status-server.js";
import { goodStatus } from "../testing/statuses.js";
import { isCommand, runCommand } from "./run-command.js";
import { showClocks } from "./show-clocks.js";
import { showSources } from "./show-sources.js";
import { showStatus } from "./show-status.js";

let folder: string;
let file: string;
let server: StatusServer | null = null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "meridian-cli-"));
  file = join(folder, "agent.sock");
});
afterEach(() => {
  server?.close();
  server = null;
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const serve = async (status: AgentStatus = goodStatus): Promise<void> => void (server = await startStatusServer(file, () => status));

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const code = await runCommand(argv, { out: (text) => void (out += text), err: (text) => void (err += text) });
  return { code, out, err };
}

test.each([
  ["status", showStatus(goodStatus)],
  ["sources", showSources(goodStatus.sources)],
  ["clocks", showClocks(goodStatus.clocks)],
])("%s prints what the agent at the socket says", async (command, out) => {
  await serve();
  expect(await run(command, "--socket", file)).toEqual({ code: 0, out, err: "" });
});

test.each([
  ["status", goodStatus],
  ["sources", goodStatus.sources],
  ["clocks", goodStatus.clocks],
])("%s -o json prints that part of the document", async (command, part) => {
  await serve();
  const { code, out } = await run(command, "-o", "json", "--socket", file);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual(part);
});

test("finds the socket by the environment, and a flag is stronger", async () => {
  await serve();
  vi.stubEnv("MERIDIAN_SOCKET", file);
  expect((await run("status")).code).toBe(0);
  expect((await run("status", "--socket", `${file}.other`)).code).toBe(1);
});

test("a bad clock is said in words and ends with 0; with --check it ends with 3, and a good one with 0", async () => {
  await serve({ ...goodStatus, clock: { ...goodStatus.clock, state: "Holdover" } });
  const { code, out } = await run("status", "--socket", file);
  expect([code, out]).toEqual([0, expect.stringContaining("Attention")]);
  expect((await run("status", "--check", "--socket", file)).code).toBe(3);
  expect((await run("status", "--check", "-o", "json", "--socket", file)).code).toBe(3);
  server?.close();
  await serve();
  expect((await run("status", "--check", "--socket", file)).code).toBe(0);
});

test("without an agent it ends with 1 and says which socket and what helps", async () => {
  const { code, out, err } = await run("sources", "--socket", file);
  expect([code, out]).toEqual([1, ""]);
  expect(err).toContain("MER_AGENT_SOCKET");
  expect(err).toContain(file);
  expect(err).toContain("Is the agent running");
});

test.each([
  ["is no agent", 200, "[]"],
  ["speaks no JSON", 200, "hello\u001b[2J"],
  ["has nothing there", 404, "{}"],
  ["does not stop", 200, "x".repeat(2 << 20)],
])("who answers and %s is no agent either", async (_what, status, text) => {
  const other = createServer((_request, response) => response.writeHead(status).end(text)).listen(file);
  await once(other, "listening");
  const { code, out, err } = await run("status", "--socket", file);
  other.close();
  expect([code, out]).toEqual([1, ""]);
  expect(err.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
});

test.each([
  ["an unknown flag", ["status", "--colour"]],
  ["a format that does not exist", ["sources", "-o", "xml"]],
  ["an argument too many", ["clocks", "all"]],
  ["--check where there is nothing to check", ["sources", "--check"]],
  ["a flag of the agent's run", ["status", "--node-name", "n1"]],
])("%s is wrong usage and ends with 2", async (_what, argv) => {
  const { code, out, err } = await run(...argv);
  expect([code, out]).toEqual([2, ""]);
  expect(err).toContain("error:");
});

test("help is no failure", async () => {
  const { code, out } = await run("status", "--help");
  expect(code).toBe(0);
  expect(out).toContain("--check");
});

test("only the commands are commands: all else runs the agent", () => {
  expect(["status", "sources", "clocks", "--node-name", "run", undefined].map(isCommand)).toEqual([true, true, true, false, false, false]);
});
