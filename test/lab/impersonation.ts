/** Requests to a control plane of ours in somebody else's name, as `kubectl --as` sends them, at a few milliseconds each. */
import { readFileSync } from "node:fs";
import { Agent, request } from "undici";
import type { ControlPlane } from "../controlplane/control-plane.js";

export interface Caller {
  readonly user: string;
  readonly groups: readonly string[];
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface Call {
  readonly method: Method;
  readonly path: string;
  readonly body?: object;
  /** Of a PATCH: apply is server-side apply with force. */
  readonly patch?: "merge" | "apply";
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export class Impersonation {
  readonly #agent: Agent;
  /** Shows no certificate. */
  readonly #nameless: Agent;
  readonly #server: string;

  /** @param plane started by us: its kubeconfig is JSON and holds a client certificate */
  constructor({ kubeconfig }: Pick<ControlPlane, "kubeconfig">) {
    const config = JSON.parse(readFileSync(kubeconfig, "utf8")) as KubeConfig;
    const [cluster, user] = [config.clusters[0]?.cluster, config.users[0]?.user];
    if (!cluster || !user) throw new Error(`${kubeconfig} names no cluster and user`);
    const decode = (text: string) => Buffer.from(text, "base64");
    this.#server = cluster.server;
    const ca = decode(cluster["certificate-authority-data"]);
    this.#agent = new Agent({ connect: { ca, cert: decode(user["client-certificate-data"]), key: decode(user["client-key-data"]) } });
    this.#nameless = new Agent({ connect: { ca } });
  }

  /** @param caller null: whom the kubeconfig names */
  send(caller: Caller | null, call: Call): Promise<Answer> {
    const impersonation = caller ? { "impersonate-user": caller.user, "impersonate-group": [...caller.groups] } : {};
    return this.#request(this.#agent, call, impersonation);
  }

  /** As somebody of whom the API server knows nothing. */
  sendNameless(call: Call): Promise<Answer> {
    return this.#request(this.#nameless, call, {});
  }

  async #request(
    dispatcher: Agent,
    { method, path, body, patch }: Call,
    impersonation: Record<string, string | string[]>,
  ): Promise<Answer> {
    const type =
      patch === undefined ? "application/json" : patch === "merge" ? "application/merge-patch+json" : "application/apply-patch+yaml";
    const force = patch === "apply" ? { fieldManager: "meridian-operator", force: "true" } : {};
    const url = new URL(path, this.#server);
    for (const [key, value] of Object.entries(force)) url.searchParams.set(key, value);
    const { statusCode, body: answer } = await request(url, {
      dispatcher,
      method,
      headers: { "content-type": type, ...impersonation },
      body: body === undefined ? null : JSON.stringify(body),
    });
    return { status: statusCode, body: await answer.json() };
  }

  async close(): Promise<void> {
    await Promise.all([this.#agent.close(), this.#nameless.close()]);
  }
}

interface KubeConfig {
  readonly clusters: readonly { readonly cluster: { readonly server: string; readonly "certificate-authority-data": string } }[];
  readonly users: readonly { readonly user: { readonly "client-certificate-data": string; readonly "client-key-data": string } }[];
}
