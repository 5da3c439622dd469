/**
 * An API server at the level of bytes: the real HTTP, chunking and framing, none of the semantics. It exists for what a
 * real API server will not do on request: end in the middle of a line, fall silent, turn clients away, repeat itself.
 */
import { createServer as createPlainServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";
import { rememberTransport } from "./cut-connection.js";
import { type Fault, sendJson, sendStatus } from "./faults.js";
import { WatchConnections } from "./watch-connections.js";
import { WidgetStorage } from "./widget-storage.js";
import { bookmark, changeLine, type Widget } from "./widgets.js";

export { type Fault, hangUp, refuse, stall } from "./faults.js";
export { bookmark, type Widget, Widgets } from "./widgets.js";

export interface TlsFiles {
  readonly key: string;
  readonly cert: string;
}

export interface FakeApiServerOptions {
  /** PEM; absent: plain HTTP. */
  readonly tls?: TlsFiles;
  /** Default: no bookmarks besides those of streaming lists. */
  readonly bookmarkEveryMs?: number;
}

export interface FakeApiServer {
  readonly kube: KubeConfig;
  readonly url: string;
  readonly storage: WidgetStorage;
  /** `METHOD path?query` of everything that arrived. */
  readonly requests: string[];
  /** Stores a widget, assigns the next version and tells all watches. */
  put(name: string, spec: Widget["spec"]): Widget;
  remove(name: string): void;
  readonly watches: WatchConnections;
  /** Writes raw bytes to all open watches. */
  writeRaw(bytes: string | Uint8Array): void;
  /** Cuts the TCP connections of all watches. */
  resetWatches(): void;
  /** Ends all watches as a server does whose time is up. */
  endWatches(): void;
  /** The next request that matches is answered by the fault. */
  failNext(matches: RegExp, fault: Fault): void;
  /** All requests that match are, until the returned function is called. */
  failWhile(matches: RegExp, fault: Fault): () => void;
  /** Answers every request again. */
  forgetFaults(): void;
  /** Faults of failNext() that nobody met yet. */
  readonly faultsLeft: number;
  /** Forgets the history: watches from before now get 410. */
  compact(): void;
  /** False: streaming lists are refused with 422, as by servers without the feature. */
  streamingList: boolean;
  /** Objects per page of a list, whatever the client asks for; 0: what the client asks for. */
  pageSize: number;
  /** Bearer tokens that are let in; undefined: everybody is. */
  tokens: ReadonlySet<string> | undefined;
  readonly watchCount: number;
  /** Nobody listens any more, and every connection is cut: as a process that was killed. */
  refuseConnections(): Promise<void>;
  /** Listens again at the same address. */
  acceptConnections(): Promise<void>;
  /** For connections made from now on. */
  replaceTls(tls: TlsFiles): void;
  close(): Promise<void>;
}

export async function startFakeApiServer(options: FakeApiServerOptions = {}): Promise<FakeApiServer> {
  const storage = new WidgetStorage();
  const watches = new WatchConnections();
  const faults: { readonly matches: RegExp; readonly fault: Fault; readonly once: boolean }[] = [];
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  storage.subscribe((change) => watches.tell(change));

  const watch = (url: URL, response: ServerResponse): void => {
    const initial = url.searchParams.get("sendInitialEvents") === "true";
    if (initial && !server.streamingList) return sendStatus(response, 422, "Invalid");
    const after = initial ? storage.version : Number(url.searchParams.get("resourceVersion") ?? "0");
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    const changes = initial ? [] : storage.changesAfter(after);
    if (changes === "gone") {
      const object = { kind: "Status", code: 410, reason: "Expired", message: "too old" };
      response.end(`${JSON.stringify({ type: "ERROR", object })}\n`);
      return;
    }
    if (initial)
      response.write(
        storage
          .list()
          .map((object) => changeLine("ADDED", object))
          .join("") + bookmark(after, true),
      );
    else response.write(changes.map(({ line }) => line).join(""));
    watches.add(response, after);
  };

  const list = (url: URL, response: ServerResponse): void => {
    const asked = Number(url.searchParams.get("limit") ?? "0");
    const page = storage.readPage(url.searchParams.get("continue") ?? undefined, Math.min(asked, server.pageSize || asked));
    if (page === "gone") return sendStatus(response, 410, "Expired");
    // Items of a real list carry neither apiVersion nor kind.
    const items = page.items.map(({ apiVersion: _apiVersion, kind: _kind, ...item }) => item);
    const metadata = { resourceVersion: String(page.version), ...(page.continue === undefined ? {} : { continue: page.continue }) };
    sendJson(response, 200, { kind: "WidgetList", apiVersion: "test.io/v1", metadata, items });
  };

  const write = async (request: IncomingMessage, url: URL, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString() || "{}") as Partial<Widget>;
    const name = url.pathname.split("/")[7] ?? body.metadata?.name ?? "";
    if (request.method === "DELETE") {
      const uid = storage.get(name)?.metadata.uid;
      if (uid === undefined) return sendStatus(response, 404, "NotFound");
      storage.remove(name);
      return sendJson(response, 200, { kind: "Status", status: "Success", details: { uid } });
    }
    // Only an apply makes what does not exist.
    const patches = /^application\/(merge|json)-patch\+json/.test(request.headers["content-type"] ?? "");
    if (patches && storage.get(name) === undefined) return sendStatus(response, 404, "NotFound");
    const { spec, status } = body;
    const ofStatus = url.pathname.endsWith("/status");
    sendJson(response, 200, storage.put(name, ofStatus ? { status: status ?? { seen: 0 } } : spec === undefined ? {} : { spec }));
  };

  const route = (request: IncomingMessage, response: ServerResponse): void => {
    const what = `${request.method} ${request.url}`;
    requests.push(what);
    const index = faults.findIndex(({ matches }) => matches.test(what));
    const found = faults[index];
    if (found !== undefined) {
      if (found.once) faults.splice(index, 1);
      return found.fault(request, response);
    }
    const token = /^Bearer (.*)$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
    if (server.tokens?.has(token) === false) return sendStatus(response, 401, "Unauthorized");
    const url = new URL(request.url ?? "/", "http://fake");
    if (!url.pathname.startsWith("/apis/test.io/v1/")) return sendStatus(response, 404, "NotFound");
    if (request.method !== "GET") return void write(request, url, response).catch(() => response.destroy());
    if (url.searchParams.get("watch") === "true") return watch(url, response);
    const name = url.pathname.split("/")[7];
    if (name === undefined) return list(url, response);
    const widget = storage.get(name);
    return widget === undefined ? sendStatus(response, 404, "NotFound") : sendJson(response, 200, widget);
  };

  const http = openServer(options.tls, route);
  let listening = true;
  http.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    if (!listening) socket.resetAndDestroy(); // accepted by the kernel before it knew
  });
  http.on("secureConnection", (secure: Socket) => {
    for (const socket of sockets) if (socket.remotePort === secure.remotePort) rememberTransport(secure, socket);
  });
  const listen = (port: number): Promise<void> => new Promise((resolve) => http.listen(port, "127.0.0.1", resolve));
  const stopListening = (): Promise<void> =>
    new Promise((resolve) => {
      listening = false;
      http.close(() => resolve());
      for (const socket of sockets) socket.resetAndDestroy();
    });
  await listen(0);
  const { port } = http.address() as AddressInfo;
  const url = `${options.tls === undefined ? "http" : "https"}://127.0.0.1:${port}`;
  const everyMs = options.bookmarkEveryMs;
  const bookmarks = everyMs === undefined ? undefined : setInterval(() => watches.bookmark(storage.version), everyMs);

  const server: FakeApiServer = {
    kube: kubeConfigFor(url),
    url,
    storage,
    requests,
    watches,
    streamingList: true,
    pageSize: 500,
    tokens: undefined,
    put: (name, spec) => storage.put(name, spec === undefined ? {} : { spec }),
    remove: (name) => storage.remove(name),
    writeRaw: (bytes) => watches.writeRaw(bytes),
    resetWatches: () => watches.reset(),
    endWatches: () => watches.end(),
    failNext: (matches, fault) => void faults.push({ matches, fault, once: true }),
    failWhile(matches, fault) {
      const entry = { matches, fault, once: false };
      faults.push(entry);
      return () => void faults.splice(faults.indexOf(entry), 1);
    },
    forgetFaults: () => void faults.splice(0),
    get faultsLeft() {
      return faults.filter(({ once }) => once).length;
    },
    compact: () => storage.compact(),
    get watchCount() {
      return watches.size;
    },
    refuseConnections: stopListening,
    acceptConnections() {
      listening = true;
      return listen(port);
    },
    replaceTls: (tls) => (http as TlsServer).setSecureContext(tls),
    async close() {
      clearInterval(bookmarks);
      await stopListening();
    },
  };
  return server;
}

function openServer(tls: TlsFiles | undefined, route: RequestListener) {
  return tls === undefined ? createPlainServer(route) : createTlsServer(tls, route);
}

function kubeConfigFor(url: string): KubeConfig {
  const kube = new KubeConfig();
  // The library refuses plain http unless verification is off.
  kube.loadFromClusterAndUser({ name: "fake", server: url, skipTLSVerify: true }, { name: "me", token: "secret" });
  return kube;
}
