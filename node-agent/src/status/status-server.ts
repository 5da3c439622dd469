/**
 * `GET /v1/status` over a Unix socket, for who may open the file: root and its group. It changes nothing, and whoever holds on
 * to it holds up nobody: few connections at a time, each for a few seconds.
 */
import { chmodSync, lstatSync, renameSync, rmSync, type Stats } from "node:fs";
import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import { dirname } from "node:path";
import { makeDirectory } from "../state/make-directory.js";
import { agentError, codeOf, messageOf } from "../errors.js";
import { limitConnections } from "../http/limit-connections.js";
import type { AgentStatus } from "./agent-status.js";

export interface StatusServer {
  /** Ends what is open, and removes the socket. */
  close(): void;
}

const mostConnections = 8;
/** From connecting to the last byte of the answer. */
const patienceMs = 5_000;
const mostHeaderBytes = 4_096;

/**
 * Whoever left a socket there is asked first: a dead agent's is replaced, a living one's never, and nothing else that is a file.
 * @throws MER_AGENT_SOCKET
 */
export async function startStatusServer(file: string, describe: () => AgentStatus): Promise<StatusServer> {
  const server = createStatusServer(describe);
  // Its rights are set before anybody can find it, and one name becomes the other at once.
  const unfinished = `${file}.${process.pid}`;
  try {
    makeDirectory(dirname(file));
    await refuseOccupied(file);
    rmSync(unfinished, { force: true });
    await listen(server, unfinished);
    chmodSync(unfinished, 0o660);
    renameSync(unfinished, file);
  } catch (error) {
    server.close(); // and with it the unfinished name
    throw agentError("MER_AGENT_SOCKET", `${file}: ${messageOf(error)}`, error);
  }
  const { ino } = lstatSync(file);
  return {
    close() {
      server.close();
      server.closeAllConnections();
      // Another's by now, if this one was deleted and its place taken.
      if (lookAt(file)?.ino === ino) rmSync(file, { force: true });
    },
  };
}

function createStatusServer(describe: () => AgentStatus): Server {
  const server = createServer({ maxHeaderSize: mostHeaderBytes, keepAlive: false }, (request, response) => {
    const answer = (status: number, body: unknown): void => {
      const text = `${JSON.stringify(body)}\n`;
      response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text), connection: "close" });
      response.end(text);
    };
    if (request.method !== "GET") return answer(405, { error: "GET only" });
    if (request.url?.split("?")[0] !== "/v1/status") return answer(404, { error: "/v1/status is all there is" });
    let status: AgentStatus;
    try {
      status = describe();
    } catch (error) {
      return answer(500, { error: messageOf(error) });
    }
    answer(200, status);
  });
  limitConnections(server, mostConnections);
  server.on("connection", (socket) => {
    const timer = setTimeout(() => socket.destroy(), patienceMs);
    socket.once("close", () => clearTimeout(timer));
  });
  return server;
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** @throws when there is what must not be replaced */
async function refuseOccupied(file: string): Promise<void> {
  const found = lookAt(file);
  if (found === null) return;
  if (!found.isSocket()) throw new Error("there is a file that is no socket");
  const code = await tryConnect(file);
  if (code === null) throw new Error("another agent answers there");
  if (code !== "ECONNREFUSED" && code !== "ENOENT") throw new Error(`whether another agent answers there is unknown (${code})`);
}

function lookAt(file: string): Stats | null {
  return lstatSync(file, { throwIfNoEntry: false }) ?? null;
}

/** @returns null: somebody accepts connections; else the errno name */
function tryConnect(file: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect(file);
    const settle = (code: string | null): void => {
      socket.destroy();
      resolve(code);
    };
    socket.once("connect", () => settle(null));
    socket.once("error", (error) => settle(codeOf(error, "unknown")));
  });
}
