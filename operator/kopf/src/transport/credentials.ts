/**
 * Who we are and whom we trust, read from a KubeConfig again and again: tokens of service accounts live an hour, client
 * certificates are rotated in place, and an operator that runs for months must follow both without a restart.
 */
import type { RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import type { Clock } from "../clock/clock.js";
import { KopfError } from "../errors.js";

/** The part of a TLS connection that comes from a kubeconfig. */
export interface TlsIdentity {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export interface Credentials {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path before `/api` and `/apis`, usually empty. */
  readonly basePath: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsIdentity;
  readonly proxyUrl: string | undefined;
  /** Equal as long as connections made with these credentials may be shared. */
  readonly connectionId: string;
}

export interface CredentialSource {
  /** At most `maxAgeMs` old. */
  current(): Promise<Credentials>;
  /** Reads everything now, after a 401. */
  refresh(): Promise<Credentials>;
  /** The next current() reads everything, after a connection that failed: perhaps a certificate was replaced. */
  invalidate(): void;
}

export interface CredentialSourceOptions {
  readonly kube: KubeConfig;
  readonly clock: Clock;
  readonly readFile: (path: string) => Promise<string>;
  /** As client-go: 60 000. */
  readonly maxAgeMs?: number;
}

/** Concurrent callers share one reading. Throws KOPF_CONFIG_INVALID. */
export function createCredentialSource(options: CredentialSourceOptions): CredentialSource {
  const { clock, maxAgeMs = 60_000 } = options;
  let latest: { readonly readAt: number; readonly credentials: Credentials } | undefined;
  let reading: Promise<Credentials> | undefined;

  const refresh = (): Promise<Credentials> => {
    reading ??= readCredentials(options)
      .then((credentials) => {
        latest = { readAt: clock.now(), credentials };
        return credentials;
      })
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };
  return {
    refresh,
    invalidate: () => {
      latest = undefined;
    },
    current: async () => (latest !== undefined && clock.now() - latest.readAt < maxAgeMs ? latest.credentials : refresh()),
  };
}

async function readCredentials({ kube, readFile }: CredentialSourceOptions): Promise<Credentials> {
  const cluster = kube.getCurrentCluster();
  if (cluster === null) throw new KopfError("KOPF_CONFIG_INVALID", "the kubeconfig has no current cluster");
  const user = kube.getCurrentUser();
  // Starting with an empty header set: the library only creates one when it has something to put into it.
  const options: RequestOptions & { headers: Record<string, string> } = { headers: {} };
  try {
    await kube.applyToHTTPSOptions(options);
    const tokenFile: unknown = user?.authProvider?.config?.tokenFile;
    // The library caches a token file for a minute of its own and reads it synchronously; a 401 cannot wait for that.
    if (typeof tokenFile === "string") options.headers["Authorization"] = `Bearer ${(await readFile(tokenFile)).trim()}`;
  } catch (cause) {
    throw new KopfError("KOPF_CONFIG_INVALID", `cannot read the credentials for ${cluster.server}`, { cause });
  }
  if (typeof options.auth === "string") options.headers["Authorization"] = `Basic ${Buffer.from(options.auth).toString("base64")}`;
  if (cluster.proxyUrl?.startsWith("socks")) throw new KopfError("KOPF_CONFIG_INVALID", `no SOCKS proxies: ${cluster.proxyUrl}`);

  const { ca, cert, key, servername, rejectUnauthorized } = options;
  const tls = dropUndefined({ ca, cert, key, servername, rejectUnauthorized });
  const url = new URL(cluster.server);
  return {
    origin: url.origin,
    basePath: url.pathname.replace(/\/+$/, ""),
    headers: options.headers,
    tls,
    proxyUrl: cluster.proxyUrl,
    connectionId: JSON.stringify([url.origin, cluster.proxyUrl, tls]),
  };
}

/** An explicit undefined would switch off Node's default, e.g. its own certificate authorities. */
function dropUndefined(tls: Record<string, unknown>): TlsIdentity {
  return Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
}
