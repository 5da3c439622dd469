/** Answers that a healthy API server does not give, each for one request. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { cutConnection } from "./cut-connection.js";

/** Answers one request instead of the server. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => void;

/** Turns a request away with a Status, and Retry-After if given. */
export function refuse(status: number, reason: string, retryAfterSeconds?: number): Fault {
  return (_request, response) => {
    if (retryAfterSeconds !== undefined) response.setHeader("retry-after", String(retryAfterSeconds));
    sendStatus(response, status, reason);
  };
}

/** Closes the connection without a word. */
export const hangUp: Fault = (request) => cutConnection(request.socket);

/** Never answers. */
export const stall: Fault = () => {};

/** Begins an answer of 200 with `text`, and never ends it. */
export function stallAfter(text: string): Fault {
  return (_request, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.write(text);
  };
}

/** Begins an answer of 200 with `text`, and cuts the connection. */
export function hangUpAfter(text: string): Fault {
  return (request, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.write(text, () => cutConnection(request.socket));
  };
}

/** A complete answer of whatever kind, e.g. of a proxy. */
export function answer(status: number, contentType: string, body: string): Fault {
  return (_request, response) => void response.writeHead(status, { "content-type": contentType }).end(body);
}

/** An answer of 200 whose bytes come one at a time. */
export function drip(text: string, everyMs: number): Fault {
  return (_request, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    void (async () => {
      for (const byte of Buffer.from(text)) {
        if (response.destroyed) return;
        response.write(Uint8Array.of(byte));
        await sleep(everyMs, undefined, { ref: false });
      }
    })();
  };
}

export function sendStatus(response: ServerResponse, code: number, reason: string): void {
  sendJson(response, code, { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message: `${reason} says the fake` });
}

export function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
