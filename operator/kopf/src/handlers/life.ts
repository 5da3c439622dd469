/** Where one operator is in its life, and what that means to whoever asks for its health. */
import type { Controller } from "../controller/controller.js";
import type { CheckResult } from "../health/check.js";
import type { CheckRegistry } from "../health/check-registry.js";
import type { LoopLag } from "../health/loop-lag.js";
import type { KubeObject } from "../object/kube-object.js";
import type { WorkQueue } from "../queue/work-queue.js";
import type { ObjectStore } from "../store/object-store.js";
import type { ChangeFeed } from "./change-feed.js";
import type { TermFollower } from "./follow-terms.js";

export interface Life {
  stage: "declared" | "starting" | "running" | "stopping";
  controllers: readonly Controller[];
  /** Of the reconcile handlers, by type id; empty until the caches are being read. */
  queues: ReadonlyMap<string, WorkQueue>;
  feeds: readonly ChangeFeed[];
  terms: TermFollower | undefined;
  /** One per store; each ends when `reading` aborts. */
  fills: readonly Promise<void>[];
  readonly reading: AbortController;
  /** Measured while running. */
  lag: LoopLag | undefined;
  stopMeasuring: () => void;
  /** Lets go of what is kept for a next term. */
  forget: () => void;
}

export type Stores = ReadonlyMap<string, ObjectStore<KubeObject>>;

/** Longer and Kubernetes should restart the process: something blocks the loop. */
const lagBoundMs = 5_000;
/** A handler that ignores its abort for so long will not come back, and its object is locked until then. */
const overrunBoundMs = 300_000;

export function createLife(): Life {
  return {
    stage: "declared",
    controllers: [],
    queues: new Map(),
    feeds: [],
    terms: undefined,
    fills: [],
    reading: new AbortController(),
    lag: undefined,
    stopMeasuring: () => {},
    forget: () => {},
  };
}

/** Registered with the declaration, so that an operator that was never run does not look ready. */
export function addLifeChecks(checks: CheckRegistry, life: Life, stores: Stores): void {
  checks.add("event-loop", () => checkLoop(life.lag?.worstMs() ?? 0), "live");
  checks.add("handlers", () => checkHandlers(life.controllers), "live");
  checks.add("operator", () => ({ healthy: life.stage === "running", detail: life.stage }), "ready");
  checks.add("caches", () => checkCaches(stores), "ready");
}

function checkLoop(worstMs: number): CheckResult {
  return { healthy: worstMs <= lagBoundMs, detail: `late by at most ${Math.round(worstMs)} ms` };
}

function checkHandlers(controllers: readonly Controller[]): CheckResult {
  const stuck = controllers.filter((controller) => controller.longestOverrunMs() > overrunBoundMs).map((controller) => controller.name);
  return stuck.length === 0
    ? { healthy: true, detail: "all return" }
    : { healthy: false, detail: `ignore their time limit: ${stuck.join(", ")}` };
}

function checkCaches(stores: Stores): CheckResult {
  const missing = [...stores].filter(([, store]) => !store.synced && store.options.optional !== true).map(([id]) => id);
  return missing.length === 0
    ? { healthy: true, detail: `${stores.size} synced` }
    : { healthy: false, detail: `not yet read: ${missing.join(", ")}` };
}
