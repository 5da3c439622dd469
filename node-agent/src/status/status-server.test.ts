import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { goodStatus } from "../testing/statuses.js";
import { type StatusServer, startStatusServer } from "./status-server.js";

let folder: string;
let file: string;
let server: StatusServer | null = null;
const sockets: Socket[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "meridian-status-"));
  file = join(folder, "run/agent.sock");
});
afterEach(() => {
  server?.close();
  server = null;
  for (const socket of sockets.splice(0)) socket.destroy();
  rmSync(folder, { recursive: true });
});

const start = async (): Promise<void> => void (server = await startStatusServer(file, () => goodStatus));

async function ask(path = "/v1/status", method = "GET"): Promise<[number, unknown]> {
  const asked = request({ socketPath: file, path, method, agent: false }).end();
  const [response] = await once(asked, "response");
  let text = "";
  for await (const part of response) text += String(part);
  return [response.statusCode, text === "" ? null : JSON.parse(text)];
}

async function open(): Promise<Socket> {
  const socket = connect(file).on("error", () => undefined);
  sockets.push(socket);
  await once(socket, "connect");
  return socket;
}

/** Leaves a socket that nobody listens at, as a killed agent does. */
async function leaveStaleSocket(): Promise<void> {
  const dead = createServer().listen(`${file}.dead`);
  await once(dead, "listening");
  renameSync(`${file}.dead`, file);
  dead.close();
}

test("makes folder and socket, answers, and removes the socket when it ends", async () => {
  await start();
  expect(statSync(file).mode & 0o777).toBe(0o660);
  expect(readdirSync(join(folder, "run"))).toEqual(["agent.sock"]);
  expect(await ask()).toEqual([200, goodStatus]);
  expect((await ask("/v1/status?pretty"))[0]).toBe(200);
  server?.close();
  expect(existsSync(file)).toBe(false);
});

test.each([
  ["/", "GET", 404],
  ["/v1/status/", "GET", 404],
  ["/v2/status", "GET", 404],
  ["/v1/status", "POST", 405],
  ["/v1/status", "DELETE", 405],
  ["/v1/status", "HEAD", 405],
])("%s by %s is refused with %i", async (path, method, status) => {
  await start();
  expect((await ask(path, method))[0]).toBe(status);
});

test("what fails while the answer is made is an answer too", async () => {
  server = await startStatusServer(file, () => {
    throw new Error("not now");
  });
  expect(await ask()).toEqual([500, { error: "not now" }]);
});

test("replaces the socket of a dead agent", async () => {
  await start();
  server?.close();
  await leaveStaleSocket();
  await expect(ask()).rejects.toMatchObject({ code: "ECONNREFUSED" });
  await start();
  expect((await ask())[0]).toBe(200);
});

test("never takes a living agent's socket, nor removes it", async () => {
  await start();
  await expect(startStatusServer(file, () => goodStatus)).rejects.toMatchObject({
    code: "MER_AGENT_SOCKET",
    message: expect.stringContaining("another agent answers there"),
  });
  expect((await ask())[0]).toBe(200);
  expect(readdirSync(join(folder, "run"))).toEqual(["agent.sock"]);
});

test("leaves alone what is no socket", async () => {
  writeFileSync(join(folder, "precious"), "kept");
  file = join(folder, "precious");
  await expect(start()).rejects.toMatchObject({ code: "MER_AGENT_SOCKET" });
  expect(statSync(file).isFile()).toBe(true);
});

test("does not remove what took its place", async () => {
  await start();
  rmSync(file);
  writeFileSync(file, "another's");
  server?.close();
  expect(existsSync(file)).toBe(true);
});

test("leaves no half-made socket behind when the name cannot be had", async () => {
  mkdirSync(file, { recursive: true });
  await expect(startStatusServer(file, () => goodStatus)).rejects.toMatchObject({ code: "MER_AGENT_SOCKET" });
  expect(readdirSync(join(folder, "run"))).toEqual(["agent.sock"]);
});

test.each([
  ["a folder that cannot be", () => join(folder, "taken", "agent.sock")],
  ["a name longer than the kernel takes", () => join(folder, "x".repeat(120))],
])("%s is a failure with its code and its name", async (_what, place) => {
  writeFileSync(join(folder, "taken"), "");
  file = place();
  await expect(start()).rejects.toMatchObject({ code: "MER_AGENT_SOCKET", message: expect.stringContaining(file) });
});

test("who holds on to eight connections and more keeps nobody out", async () => {
  await start();
  for (let count = 0; count < 20; count += 1) await open();
  expect((await ask())[0]).toBe(200);
  const isOpen = (socket: Socket): boolean => !socket.destroyed && socket.readable;
  for (const socket of sockets) socket.resume();
  for (const end = Date.now() + 2000; sockets.filter(isOpen).length > 8 && Date.now() < end; ) await sleep(5);
  expect(sockets.filter(isOpen).length).toBeLessThanOrEqual(8);
  expect(sockets.filter(isOpen).length).toBeGreaterThan(0);
});

test("eight who ask at once are answered at once", async () => {
  await start();
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask()));
  expect(answers.map(([status]) => status)).toEqual(Array(8).fill(200));
});

test("a client that takes its time is cut off after five seconds, whatever it has said", { timeout: 10_000 }, async () => {
  await start();
  const socket = await open();
  const began = performance.now();
  const drip = setInterval(() => socket.write("x"), 500);
  socket.write("GET /v1/status HTTP/1.1\r\nhost: x\r\nx-slow: ");
  socket.resume();
  await once(socket, "close");
  clearInterval(drip);
  expect(performance.now() - began).toBeGreaterThan(4_500);
  expect(performance.now() - began).toBeLessThan(7_000);
});

test("a request without end is refused", async () => {
  await start();
  const socket = await open();
  socket.write(`GET /v1/status HTTP/1.1\r\nx: ${"y".repeat(10_000)}\r\n\r\n`);
  const [answer] = await once(socket, "data");
  expect(String(answer)).toMatch(/^HTTP\/1.1 431/);
});
