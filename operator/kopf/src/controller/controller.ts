/**
 * Workers that take keys and call a handler. Everything that can go wrong in a handler ends in one switch, where it is
 * counted, logged and turned into what happens to the key next.
 */
import type { KubeClient } from "../client/kube-client.js";
import type { Clock } from "../clock/clock.js";
import { startDeadline } from "../clock/deadline.js";
import { codeOf } from "../errors.js";
import { type Log, withFields } from "../log/log.js";
import type { Instruments } from "../metrics/metrics.js";
import type { ObjectKey } from "../object/kube-object.js";
import type { WorkQueue } from "../queue/work-queue.js";
import { countOutcome } from "./count-outcome.js";
import { type Outcome, runToOutcome, timedOut } from "./outcome.js";
import type { OwnWrites } from "./own-writes.js";
import type { ReconcileResult } from "./result.js";

/** What a handler gets from here; the layer above adds the object. */
export interface Call {
  readonly key: ObjectKey;
  readonly client: KubeClient;
  readonly signal: AbortSignal;
  readonly log: Log;
}

export interface ControllerOptions {
  /** Label of metrics and logs. */
  readonly name: string;
  readonly queue: WorkQueue;
  readonly handle: (call: Call) => Promise<ReconcileResult>;
  /** One recorder per call. */
  readonly recordWrites: () => OwnWrites;
  readonly concurrency: number;
  readonly timeoutMs: number;
  /** Bound of the wait for own writes, milliseconds, default 5 000. */
  readonly echoLimitMs?: number;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  readonly instruments: Instruments;
}

export interface Controller {
  readonly name: string;
  start(): void;
  /** Takes no further keys. */
  stop(): void;
  /** Resolves when no handler runs any more; after stop(). */
  drain(): Promise<void>;
  /** Aborts the signals of all running handlers; their keys are handed out again, if anything is. */
  interrupt(reason: Error): void;
  /** Keys whose handler runs, with the milliseconds since it began. */
  running(): ReadonlyMap<ObjectKey, number>;
  /** Milliseconds since the time limit of the handler that ignores its signal the longest; 0 if none does. */
  longestOverrunMs(): number;
}

export function createController(options: ControllerOptions): Controller {
  const { clock, concurrency, instruments, name, queue, timeoutMs } = options;
  const running = new Map<ObjectKey, number>();
  const overrun = new Map<ObjectKey, number>();
  let interruption = new AbortController();
  let stopped = false;
  const labels = { controller: name };
  let idle: (() => void)[] = [];

  const work = async (): Promise<void> => {
    for (let key = await queue.next(); key !== undefined; key = await queue.next()) await processKey(key);
  };

  /** Returns when the worker is free, which after an abort is before the handler returns; the key stays locked until then. */
  const processKey = async (key: ObjectKey): Promise<void> => {
    const startedAt = clock.now();
    running.set(key, startedAt);
    instruments.activeWorkers.set(labels, running.size - overrun.size);
    const log = withFields(options.log, { controller: name, key, reconcileId: reconcileId(options.random()) });
    const interrupted = interruption.signal;
    const deadline = startDeadline(clock, timeoutMs, interrupted, () => timedOut(timeoutMs));
    const writes = options.recordWrites();
    const end = (outcome: Outcome): Promise<void> => {
      deadline.clear();
      return finish(key, outcome, startedAt, writes, interrupted, log);
    };

    const call = runToOutcome(
      async () => options.handle({ key, client: writes.client, signal: deadline.signal, log }),
      () => interrupted.aborted && !deadline.expired(),
    );
    const abort = abortOf(deadline.signal).then(() => ({ kind: "abort" }) as const);
    const first = await Promise.race([call, abort]);
    if (first.kind !== "abort") return end(first);
    // When the operator stops, the worker has nothing else to do than to see the call off.
    if (stopped && !deadline.expired()) return end(await call);

    // A handler that honours its signal ends now; one that does not is counted until it does.
    overrun.set(key, clock.now());
    instruments.abandoned.set(labels, overrun.size);
    if (deadline.expired()) log.warn({ timeoutMs }, "time limit is over, signal aborted");
    void call.then((late) => {
      overrun.delete(key);
      instruments.abandoned.set(labels, overrun.size);
      if (!deadline.expired()) return end(late);
      // Even if it came to a good end: who relies on its result has long been told otherwise.
      return end({ kind: "timeout", error: "error" in late ? late.error : timedOut(timeoutMs) });
    });
  };

  const finish = async (
    key: ObjectKey,
    outcome: Outcome,
    startedAt: number,
    writes: OwnWrites,
    interrupted: AbortSignal,
    log: Log,
  ): Promise<void> => {
    const seconds = (clock.now() - startedAt) / 1000;
    if (!(await writes.settle(options.echoLimitMs ?? 5_000, interrupted)) && !interrupted.aborted) {
      instruments.echoTimeouts.increment(labels);
      log.warn({}, "own writes are not in the cache yet");
    }
    settleKey(key, outcome, log, seconds);
    queue.done(key);
    running.delete(key);
    instruments.activeWorkers.set(labels, running.size - overrun.size);
    if (running.size === 0) for (const resolve of idle.splice(0)) resolve();
  };

  const settleKey = (key: ObjectKey, outcome: Outcome, log: Log, seconds: number): void => {
    countOutcome(instruments, name, outcome, seconds);
    switch (outcome.kind) {
      case "success":
        queue.forget(key);
        log.debug({ seconds }, "reconciled");
        break;
      case "requeue_after":
        queue.forget(key);
        queue.addAfter(key, outcome.delayMs, "derived");
        log.debug({ seconds, requeueAfterMs: outcome.delayMs }, "reconciled");
        break;
      case "temporary_error":
        // The handler chose its delay, so the back-off of surprises starts over.
        queue.forget(key);
        queue.addAfter(key, outcome.delayMs, "derived");
        log.info({ seconds, err: outcome.error, retryInMs: outcome.delayMs }, "not yet");
        break;
      case "permanent_error":
        queue.forget(key);
        log.error({ seconds, err: outcome.error }, "gave up until something changes");
        break;
      case "timeout":
      case "error":
        queue.retry(key);
        // Somebody else was faster: the cache will catch up, and the retry sees it. Nothing to wake anybody for.
        if (codeOf(outcome.error) === "KOPF_API_CONFLICT") log.info({ seconds, err: outcome.error }, "conflict, will retry");
        else log.error({ seconds, err: outcome.error }, "reconcile failed, will retry");
        break;
      case "aborted":
        // Kept for the next term; a queue that is closed drops it.
        queue.add(key, "derived");
        log.info({ seconds }, "aborted");
        break;
    }
  };

  return {
    name,
    start() {
      instruments.maxWorkers.set(labels, concurrency);
      for (let worker = 0; worker < concurrency; worker++) void work();
    },
    stop() {
      stopped = true;
      queue.close();
    },
    drain: () => (running.size === 0 ? Promise.resolve() : new Promise((resolve) => idle.push(resolve))),
    interrupt(reason) {
      interruption.abort(reason);
      interruption = new AbortController();
    },
    running: () => new Map(Array.from(running, ([key, since]) => [key, clock.now() - since])),
    longestOverrunMs: () => Math.max(0, ...Array.from(overrun.values(), (since) => clock.now() - since)),
  };
}

function abortOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Eight hexadecimal digits: enough to tell the calls of a day apart in a log. */
function reconcileId(random: number): string {
  return Math.floor(random * 2 ** 32)
    .toString(16)
    .padStart(8, "0");
}
