/**
 * An API server at the level of bytes: the real HTTP, chunking and framing, none of the semantics. It exists for what a
 * real API server will not do on request: end in the middle of a line, fall silent, turn clients away, repeat itself.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";
import { type KubeObject, keyOf, type ResourceType } from "../object/kube-object.js";

/** The resource type this server serves. */
export const Widgets: ResourceType<Widget> = { group: "test.io", version: "v1", plural: "widgets", kind: "Widget", namespaced: true };

export interface Widget extends KubeObject {
  readonly spec?: { readonly size: number; readonly text?: string };
  readonly status?: { readonly seen: number };
}

/** Answers one request instead of the server; faults are used up in order. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => void;

export interface FakeApiServer {
  readonly kube: KubeConfig;
  /** `METHOD path?query` of everything that arrived. */
  readonly requests: string[];
  /** Stores a widget, assigns the next version and tells all watches. */
  put(name: string, spec: Widget["spec"]): Widget;
  remove(name: string): void;
  /** Writes raw bytes to all open watches. */
  writeRaw(bytes: string | Uint8Array): void;
  /** Cuts the TCP connections of all watches. */
  resetWatches(): void;
  /** Ends all watches as a server does whose time is up. */
  endWatches(): void;
  /** The next request that matches is answered by the fault. */
  failNext(matches: RegExp, fault: Fault): void;
  /** Forgets the history: watches from before now get 410. */
  compact(): void;
  /** False: streaming lists are refused with 422, as by servers without the feature. */
  streamingList: boolean;
  /** Objects per page of a list, whatever the client asks for. */
  pageSize: number;
  readonly watchCount: number;
  close(): Promise<void>;
}

export async function startFakeApiServer(): Promise<FakeApiServer> {
  const widgets = new Map<string, Widget>();
  const history: { readonly version: number; readonly line: string }[] = [];
  const watches = new Set<ServerResponse>();
  const faults: { readonly matches: RegExp; readonly fault: Fault }[] = [];
  const requests: string[] = [];
  let version = 10;
  let oldest = 0;

  const record = (type: "ADDED" | "MODIFIED" | "DELETED", object: Widget): void => {
    const line = `${JSON.stringify({ type, object })}\n`;
    history.push({ version, line });
    for (const watch of watches) watch.write(line);
  };

  const put = (name: string, body: Partial<Widget>): Widget => {
    const before = widgets.get(name);
    const metadata = {
      name,
      namespace: "ns",
      uid: before?.metadata.uid ?? `uid-${version}`,
      resourceVersion: String(++version),
      generation: (before?.metadata.generation ?? 0) + (body.spec === undefined ? 0 : 1),
      managedFields: [{ manager: "test", fieldsV1: { "f:spec": {} } }],
    };
    const widget: Widget = { ...before, ...body, apiVersion: "test.io/v1", kind: "Widget", metadata };
    widgets.set(name, widget);
    record(before === undefined ? "ADDED" : "MODIFIED", widget);
    return widget;
  };

  const watch = (url: URL, response: ServerResponse): void => {
    const initial = url.searchParams.get("sendInitialEvents") === "true";
    const after = Number(url.searchParams.get("resourceVersion") ?? "0");
    if (initial && !server.streamingList) return sendStatus(response, 422, "Invalid");
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    if (initial) {
      for (const object of widgets.values()) response.write(`${JSON.stringify({ type: "ADDED", object })}\n`);
      response.write(bookmark(version, true));
    } else if (after < oldest) {
      response.end(`${JSON.stringify({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired", message: "too old" } })}\n`);
      return;
    } else {
      for (const entry of history) if (entry.version > after) response.write(entry.line);
    }
    watches.add(response);
    response.on("close", () => watches.delete(response));
  };

  const list = (url: URL, response: ServerResponse): void => {
    const offset = Number(url.searchParams.get("continue") ?? "0");
    // Items of a real list carry neither apiVersion nor kind.
    const items = [...widgets.values()].map(({ apiVersion: _apiVersion, kind: _kind, ...item }) => item);
    const next = offset + server.pageSize;
    const token = next < items.length ? { continue: String(next) } : {};
    sendJson(response, 200, { metadata: { resourceVersion: String(version), ...token }, items: items.slice(offset, next) });
  };

  const write = async (request: IncomingMessage, url: URL, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString() || "{}") as Partial<Widget>;
    const name = url.pathname.split("/")[7] ?? body.metadata?.name ?? "";
    if (request.method === "DELETE") {
      const uid = widgets.get(name)?.metadata.uid;
      if (uid === undefined) return sendStatus(response, 404, "NotFound");
      remove(name);
      return sendJson(response, 200, { kind: "Status", status: "Success", details: { uid } });
    }
    const { spec, status } = body;
    sendJson(
      response,
      200,
      put(name, url.pathname.endsWith("/status") ? { status: status ?? { seen: 0 } } : spec === undefined ? {} : { spec }),
    );
  };

  const remove = (name: string): void => {
    const widget = widgets.get(name);
    if (widget === undefined) return;
    widgets.delete(name);
    record("DELETED", { ...widget, metadata: { ...widget.metadata, resourceVersion: String(++version) } });
  };

  const http = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://fake");
    requests.push(`${request.method} ${request.url}`);
    const fault = faults.findIndex(({ matches }) => matches.test(`${request.method} ${request.url}`));
    if (fault >= 0) return faults.splice(fault, 1)[0]?.fault(request, response);
    if (!url.pathname.startsWith("/apis/test.io/v1/")) return sendStatus(response, 404, "NotFound");
    if (request.method !== "GET") return void write(request, url, response);
    if (url.searchParams.get("watch") === "true") return watch(url, response);
    const name = url.pathname.split("/")[7];
    if (name === undefined) return list(url, response);
    const widget = [...widgets.values()].find((candidate) => keyOf(candidate) === `ns/${name}`);
    return widget === undefined ? sendStatus(response, 404, "NotFound") : sendJson(response, 200, widget);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));

  const server: FakeApiServer = {
    kube: kubeConfigFor((http.address() as AddressInfo).port),
    requests,
    streamingList: true,
    pageSize: 500,
    put: (name, spec) => put(name, spec === undefined ? {} : { spec }),
    remove,
    writeRaw: (bytes) => watches.forEach((response) => void response.write(bytes)),
    resetWatches: () => watches.forEach((response) => void response.socket?.resetAndDestroy()),
    endWatches: () => watches.forEach((response) => void response.end()),
    failNext: (matches, fault) => void faults.push({ matches, fault }),
    compact: () => {
      oldest = ++version;
    },
    get watchCount() {
      return watches.size;
    },
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
  return server;
}

/** A bookmark line; `endsSnapshot` adds the mark of a streaming list. */
export function bookmark(version: number, endsSnapshot = false): string {
  const annotations = endsSnapshot ? { annotations: { "k8s.io/initial-events-end": "true" } } : {};
  const object = { apiVersion: "test.io/v1", kind: "Widget", metadata: { resourceVersion: String(version), ...annotations } };
  return `${JSON.stringify({ type: "BOOKMARK", object })}\n`;
}

/** Turns a request away with a Status, and Retry-After if given. */
export function refuse(status: number, reason: string, retryAfterSeconds?: number): Fault {
  return (_request, response) => {
    if (retryAfterSeconds !== undefined) response.setHeader("retry-after", String(retryAfterSeconds));
    sendStatus(response, status, reason);
  };
}

/** Closes the connection without a word. */
export const hangUp: Fault = (request) => void request.socket.resetAndDestroy();

/** Never answers. */
export const stall: Fault = () => {};

function sendStatus(response: ServerResponse, code: number, reason: string): void {
  sendJson(response, code, { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message: `${reason} says the fake` });
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function kubeConfigFor(port: number): KubeConfig {
  const kube = new KubeConfig();
  // The library refuses plain http unless verification is off.
  kube.loadFromClusterAndUser({ name: "fake", server: `http://127.0.0.1:${port}`, skipTLSVerify: true }, { name: "me", token: "secret" });
  return kube;
}
