/** Writes events one after the other, at a bounded rate, and gives up on them rather than on anybody's time or memory. */
import type { KubeClient } from "../client/kube-client.js";
import type { Clock } from "../clock/clock.js";
import { sleep } from "../clock/sleep.js";
import { ApiError, codeOf, isNotFound, type KopfErrorCode } from "../errors.js";
import type { Log } from "../log/log.js";
import type { Instruments } from "../metrics/metrics.js";
import { formatMicroTime } from "../object/micro-time.js";
import { eventBody, Events, nameEvent, type Reporter } from "./event-object.js";
import type { Series } from "./series.js";
import { createTokenBucket } from "./token-bucket.js";

export interface EventSender {
  /** Has the state of the series written as it is when its turn comes; nothing if it waits already. */
  enqueue(series: Series): void;
  /** Resolves once nothing waits, or when `signal` aborts; nothing is sent afterwards. */
  close(signal: AbortSignal): Promise<void>;
}

export interface SenderOptions {
  readonly client: KubeClient;
  readonly reporter: Reporter;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly instruments: Instruments;
}

const mostWaiting = 1000;
const rate = { burst: 100, msPerToken: 100 };
const timeoutMs = 5_000;
const attempts = 5;
const firstRetryMs = 1_000;

/** What passes by itself; anything else is a refusal that another attempt would only repeat. */
const transient: ReadonlySet<KopfErrorCode | "bug"> = new Set<KopfErrorCode>([
  "KOPF_API_THROTTLED",
  "KOPF_API_UNAVAILABLE",
  "KOPF_TRANSPORT_FAILED",
  "KOPF_TRANSPORT_TIMEOUT",
]);

export function createEventSender({ client, clock, instruments, log, random, reporter }: SenderOptions): EventSender {
  const waiting: Series[] = [];
  const bucket = createTokenBucket(clock, rate);
  const closing = new AbortController();
  /** Reasons that were logged; forgotten when something succeeds. */
  const told = new Set<string>();
  let sending: Promise<void> | undefined;
  let closed = false;

  const drop = (reason: string): void => instruments.eventsDropped.increment({ reason });

  const write = async (series: Series): Promise<void> => {
    const { count } = series;
    const options = { timeoutMs, signal: closing.signal };
    const counted = count > 1 ? { series: { count, lastObservedTime: formatMicroTime(series.lastAt) } } : {};
    if (series.ref !== undefined) {
      try {
        await client.patch(Events, series.ref, { kind: "merge", patch: counted }, options);
        instruments.eventsSent.increment({ verb: "patch" });
        return settle(series, count);
      } catch (error) {
        if (!isNotFound(error)) throw error; // it has expired: what follows is a new one
      }
    }
    const ref = nameEvent(series.regarding, random);
    await client.create(Events, { ...eventBody(ref, reporter, series.regarding, series.event, series.firstAt), ...counted }, options);
    series.ref = ref;
    instruments.eventsSent.increment({ verb: "create" });
    settle(series, count);
  };

  const settle = (series: Series, count: number): void => {
    series.writtenCount = count;
    series.writtenAt = clock.now();
    told.clear();
  };

  /** Never throws. */
  const deliver = async (series: Series): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      while (!bucket.take() && !closing.signal.aborted) await sleep(clock, bucket.waitMs(), closing.signal);
      if (closing.signal.aborted) return drop("stopped");
      try {
        return await write(series);
      } catch (error) {
        if (closing.signal.aborted) return drop("stopped");
        if (!transient.has(codeOf(error)) || attempt >= attempts) return report(error);
        await sleep(clock, firstRetryMs * 2 ** (attempt - 1) * (0.5 + random()), closing.signal);
      }
    }
  };

  /** Once per reason: a namespace that is being deleted refuses all of its events. */
  const report = (error: unknown): void => {
    const code = codeOf(error);
    drop(transient.has(code) ? "failed" : "refused");
    const reason = error instanceof ApiError ? `${code} ${error.reason}` : code;
    if (told.has(reason)) return;
    told.add(reason);
    log.warn({ code, err: error }, "an event could not be written; further ones for this reason are only counted");
  };

  const send = async (): Promise<void> => {
    for (let series = waiting.shift(); series !== undefined; series = waiting.shift()) {
      series.queued = false;
      await deliver(series);
    }
    sending = undefined;
  };

  return {
    enqueue(series) {
      if (series.queued) return;
      if (closed || waiting.length >= mostWaiting) return drop(closed ? "stopped" : "queue_full");
      series.queued = true;
      waiting.push(series);
      sending ??= Promise.resolve().then(send);
    },
    async close(signal) {
      closed = true;
      const hurry = (): void => closing.abort(signal.reason);
      if (signal.aborted) hurry();
      signal.addEventListener("abort", hurry, { once: true });
      await sending;
      signal.removeEventListener("abort", hurry);
    },
  };
}
