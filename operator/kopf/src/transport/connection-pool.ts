/**
 * One pool of connections for everything. The official client opens a TLS connection per request, which costs the API
 * server more than the request itself.
 */
import { Agent, type Dispatcher, ProxyAgent } from "undici";
import type { Credentials } from "./credentials.js";

export interface ConnectionPool {
  /** The dispatcher for these credentials; replaced when certificates were rotated. */
  dispatcherFor(credentials: Credentials): Dispatcher;
  /** Ends idle connections and waits for none. */
  close(): Promise<void>;
}

/** Every watch holds one connection, so this bounds reflectors and simultaneous requests together. */
const maxConnections = 256;

/** Below the 60 s after which common load balancers forget an idle connection. */
const keepAliveMs = 30_000;

export function createConnectionPool(): ConnectionPool {
  let pool: { readonly connectionId: string; readonly dispatcher: Dispatcher } | undefined;

  return {
    dispatcherFor(credentials) {
      if (pool?.connectionId === credentials.connectionId) return pool.dispatcher;
      // close() lets requests and watches on the old certificate end by themselves; only new ones use the new.
      pool?.dispatcher.close().catch(() => {});
      pool = { connectionId: credentials.connectionId, dispatcher: openDispatcher(credentials) };
      return pool.dispatcher;
    },
    async close() {
      await pool?.dispatcher.destroy();
      pool = undefined;
    },
  };
}

function openDispatcher({ tls, proxyUrl }: Credentials): Dispatcher {
  // Time limits are ours (per verb, retries included); undici's own would cut long watches.
  const options = { connections: maxConnections, keepAliveTimeout: keepAliveMs, headersTimeout: 0, bodyTimeout: 0 };
  const connect = { ...tls, keepAlive: true, keepAliveInitialDelay: keepAliveMs, timeout: 10_000 };
  return proxyUrl === undefined ? new Agent({ ...options, connect }) : new ProxyAgent({ ...options, uri: proxyUrl, requestTls: tls });
}
