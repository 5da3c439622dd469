/**
 * Handlers that share the turn of an object with its reconcile: deletions and fields. They are called one after the other for the
 * same key, and fail apart: each has its own back-off, and an error of one keeps none of the others from its work.
 */
import type { Clock } from "../clock/clock.js";
import { countOutcome } from "../controller/count-outcome.js";
import { type Outcome, runToOutcome } from "../controller/outcome.js";
import { done } from "../controller/result.js";
import { codeOf } from "../errors.js";
import { withFields } from "../log/log.js";
import type { Instruments } from "../metrics/metrics.js";
import type { KubeObject, ObjectKey } from "../object/kube-object.js";
import { createRetryLimits } from "../queue/retry-limits.js";
import type { WorkQueue } from "../queue/work-queue.js";
import type { StoreChange } from "../store/store-reader.js";
import type { HandlerContext } from "./app.js";

/** One thing to do for an object. */
export interface Job {
  readonly run: (context: HandlerContext<KubeObject>) => Promise<void>;
  /** It succeeded. */
  readonly settle: () => void;
  /** It threw a PermanentError: not again before the object changes. */
  readonly giveUp: () => void;
  /** It threw anything else. */
  readonly fail?: (context: HandlerContext<KubeObject>, error: unknown) => void;
}

export interface Part {
  /** Label of metrics and logs. */
  readonly name: string;
  /** Takes note of a change; true: there is something to do for its key. `leads`: it will be done here. */
  observe(change: StoreChange<KubeObject>, leads: boolean): boolean;
  /** At the begin of a term: keys with something to do that are in no cache. */
  drainKeys(): Iterable<ObjectKey>;
  /** What is to be done next for the object as it is in the cache; undefined: nothing. */
  nextJob(key: ObjectKey, object: KubeObject | undefined): Job | undefined;
}

export interface PartRunner {
  readonly part: Part;
  /** Does what there is to do and is due; schedules the rest. Throws only when the call's signal aborted. */
  run(context: HandlerContext<KubeObject>, queue: WorkQueue): Promise<void>;
}

export function createPartRunner(part: Part, clock: Clock, instruments: Instruments): PartRunner {
  const limits = createRetryLimits(clock);
  /** Monotonic milliseconds before which a failed key is left alone. */
  const notBefore = new Map<ObjectKey, number>();

  const forget = (key: ObjectKey): void => {
    limits.forget(key);
    notBefore.delete(key);
  };
  const postpone = (key: ObjectKey, delayMs: number, queue: WorkQueue): void => {
    notBefore.set(key, clock.now() + delayMs);
    queue.addAfter(key, delayMs, "derived");
  };

  const settle = (job: Job, outcome: Outcome, context: HandlerContext<KubeObject>, queue: WorkQueue): void => {
    const { key } = context;
    const log = withFields(context.log, { handler: part.name });
    switch (outcome.kind) {
      case "success":
      case "requeue_after":
        forget(key);
        job.settle();
        break;
      case "temporary_error":
        limits.forget(key);
        postpone(key, outcome.delayMs, queue);
        log.info({ err: outcome.error, retryInMs: outcome.delayMs }, "not yet");
        job.fail?.(context, outcome.error);
        break;
      case "permanent_error":
        forget(key);
        job.giveUp();
        log.error({ err: outcome.error }, "gave up until something changes");
        job.fail?.(context, outcome.error);
        break;
      case "timeout":
      case "error": {
        const retryInMs = limits.nextDelayMs(key);
        postpone(key, retryInMs, queue);
        if (codeOf(outcome.error) === "KOPF_API_CONFLICT") log.info({ err: outcome.error, retryInMs }, "conflict, will retry");
        else log.error({ err: outcome.error, retryInMs }, "handler failed, will retry");
        job.fail?.(context, outcome.error);
        break;
      }
      case "aborted":
        break;
    }
  };

  return {
    part,
    async run(context, queue) {
      const { key, object, signal } = context;
      for (let job = part.nextJob(key, object); job !== undefined; job = part.nextJob(key, object)) {
        const waitMs = (notBefore.get(key) ?? Number.NEGATIVE_INFINITY) - clock.now();
        if (waitMs > 0) {
          queue.addAfter(key, waitMs, "derived");
          return;
        }
        const startedAt = clock.now();
        const { run } = job;
        const outcome = await runToOutcome(
          async () => {
            await run(context);
            return done();
          },
          () => signal.aborted,
        );
        countOutcome(instruments, part.name, outcome, (clock.now() - startedAt) / 1000);
        settle(job, outcome, context, queue);
        signal.throwIfAborted();
        if (outcome.kind !== "success" && outcome.kind !== "permanent_error") return;
      }
      forget(key); // what failed before is no longer to be done
    },
  };
}
