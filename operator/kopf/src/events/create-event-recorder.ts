/** The recorder: decides whether an event is news, and leaves the writing to the sender. */
import type { Clock } from "../clock/clock.js";
import { keyOf } from "../object/kube-object.js";
import { cleanEvent, regardingOf } from "./event-object.js";
import type { EventRecorder } from "./event-recorder.js";
import { createEventSender, type SenderOptions } from "./event-sender.js";
import { createSeriesBook } from "./series.js";
import { createTokenBucket, type TokenBucket } from "./token-bucket.js";

export interface StoppableRecorder extends EventRecorder {
  /** Writes what waits, counts included, until `signal` aborts. Later events are dropped. Never throws. */
  stop(signal: AbortSignal): Promise<void>;
}

/** client-go's bounds for one object: an event of its own every five minutes, after a burst in which it may explain itself. */
const ofOneObject = { burst: 25, msPerToken: 300_000 };
/** Objects whose bucket is remembered; who is forgotten has a full one. */
const mostObjects = 4096;
const sweepMs = 60_000;

export function createEventRecorder(options: SenderOptions): StoppableRecorder {
  const { clock, instruments, log } = options;
  const sender = createEventSender(options);
  const book = createSeriesBook(clock);
  const buckets = new Map<string, TokenBucket>();
  let cancelSweep: (() => void) | undefined;
  let stopped = false;

  const sweep = (): void => {
    cancelSweep = undefined;
    for (const series of book.sweep()) sender.enqueue(series);
    arm();
  };
  /** Only while there is something to sweep. */
  const arm = (): void => {
    if (!stopped && book.size > 0) cancelSweep ??= clock.setTimer(sweep, sweepMs);
  };

  return {
    record(type, object, wanted) {
      try {
        const regarding = regardingOf(type, object);
        const event = cleanEvent(wanted);
        const known = book.count(regarding, event);
        if (known !== undefined) {
          // The second time makes it a series; from then on the sweep writes the count.
          if (known.writtenCount <= 1) sender.enqueue(known);
          return;
        }
        const bucket = bucketOf(buckets, regarding.uid ?? `${regarding.kind} ${keyOf(regarding)}`, clock);
        if (!bucket.take()) return instruments.eventsDropped.increment({ reason: "object_rate" });
        sender.enqueue(book.open(regarding, event));
        arm();
      } catch (err) {
        log.error({ err }, "an event could not be recorded");
      }
    },
    async stop(signal) {
      stopped = true;
      cancelSweep?.();
      // What was never written waits already, is on its way, or was dropped.
      for (const series of book.unwritten()) if (series.writtenCount > 0) sender.enqueue(series);
      await sender.close(signal);
    },
  };
}

function bucketOf(buckets: Map<string, TokenBucket>, key: string, clock: Clock): TokenBucket {
  const bucket = buckets.get(key) ?? createTokenBucket(clock, ofOneObject);
  buckets.delete(key);
  buckets.set(key, bucket);
  for (const oldest of buckets.keys()) {
    if (buckets.size <= mostObjects) break;
    buckets.delete(oldest);
  }
  return bucket;
}
