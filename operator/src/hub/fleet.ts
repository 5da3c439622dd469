/**
 * All agents as the hub knows them now: who is connected, what each can do, what it last said, what it was told. In memory
 * only; after a restart it fills again as agents come back, and until then NodeClock.status stands as it was.
 */
import type { EffectiveConfig } from "@meridian/proto";
import type { AgentCapabilities, AgentReport, AppliedParts } from "./agent-report.js";

/** What an agent is to do. */
export type Orders =
  | { readonly kind: "config"; readonly revision: string; readonly config: EffectiveConfig }
  | { readonly kind: "release"; readonly reason: string };

/** The hub's end of one stream. */
export interface AgentStream {
  /** Sends orders; the same ones twice are sent once. */
  order(orders: Orders): void;
  /** What the agent ran when it connected, or was sent since. */
  readonly revision: string;
}

export interface AgentView {
  readonly node: string;
  /** Of the process and its boot: what an earlier one said of its clock is history. */
  readonly instance: string;
  /** Null: not connected. */
  readonly stream: AgentStream | null;
  /** Monotonic ms: since when it is or is not connected. */
  readonly since: number;
  readonly capabilities: AgentCapabilities;
  readonly report: AgentReport | null;
  /** Monotonic ms at which the report came. */
  readonly reportedAt: number;
  readonly applied: AppliedParts | null;
}

export type FleetChange = "connected" | "disconnected" | "report" | "applied";

export class Fleet {
  readonly #agents = new Map<string, AgentView>();
  readonly #now: () => number;
  readonly #listeners: ((node: string, change: FleetChange) => void)[] = [];
  #connected = 0;
  #startedAt: number;

  /** @param now monotonic ms */
  constructor(now: () => number) {
    this.#now = now;
    this.#startedAt = now();
  }

  /** Monotonic ms: nobody can have been heard by this hub before. */
  get startedAt(): number {
    return this.#startedAt;
  }

  /** This replica leads from now: agents that another one had are on their way here, and what they said long ago is history. */
  begin(): void {
    this.#startedAt = this.#now();
    for (const [node, { stream }] of this.#agents) if (stream === null) this.#agents.delete(node);
  }

  subscribe(listener: (node: string, change: FleetChange) => void): void {
    this.#listeners.push(listener);
  }

  get(node: string): AgentView | undefined {
    return this.#agents.get(node);
  }

  get connected(): number {
    return this.#connected;
  }

  /** The newest stream of a node counts. */
  connect(node: string, stream: AgentStream, capabilities: AgentCapabilities, instance: string): void {
    const now = this.#now();
    const before = this.#agents.get(node);
    const known = before?.instance === instance;
    if (!before?.stream) this.#connected += 1;
    this.#agents.set(node, {
      node,
      instance,
      stream,
      since: now,
      capabilities,
      report: known ? before.report : null,
      reportedAt: known ? before.reportedAt : now,
      // The same process: what it answered holds until it answers again, as it does on every stream.
      applied: known ? before.applied : null,
    });
    this.#tell(node, "connected");
  }

  /** Of an older stream than the node's newest: no news. */
  disconnect(node: string, stream: AgentStream): void {
    const before = this.#agents.get(node);
    if (before?.stream !== stream) return;
    this.#connected -= 1;
    this.#agents.set(node, { ...before, stream: null, since: this.#now() });
    this.#tell(node, "disconnected");
  }

  report(node: string, stream: AgentStream, report: AgentReport): void {
    const before = this.#agents.get(node);
    if (before?.stream !== stream) return;
    this.#agents.set(node, { ...before, report, reportedAt: this.#now() });
    this.#tell(node, "report");
  }

  applied(node: string, stream: AgentStream, applied: AppliedParts): void {
    const before = this.#agents.get(node);
    if (before?.stream !== stream) return;
    this.#agents.set(node, { ...before, applied });
    this.#tell(node, "applied");
  }

  /** The node is gone from the cluster; as long as its agent is connected it stays known. */
  forget(node: string): void {
    if (this.#agents.get(node)?.stream === null) this.#agents.delete(node);
  }

  #tell(node: string, change: FleetChange): void {
    for (const listener of this.#listeners) listener(node, change);
  }
}
