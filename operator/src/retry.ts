/** What has to succeed before anything else can: tried until it does, because the API server may come up after us. */
import { setTimeout as sleep } from "node:timers/promises";
import { codeOf, type Log } from "kopf-ts";
import { messageOf } from "./errors.js";

const firstMs = 500;
const longestMs = 10_000;

/** @throws the abort reason when `signal` aborts first */
export async function retryUntilDone<T>(what: string, signal: AbortSignal, log: Log, attempt: () => Promise<T>): Promise<T> {
  for (let delayMs = firstMs; ; delayMs = Math.min(delayMs * 2, longestMs)) {
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      log.warn({ code: codeOf(error), reason: messageOf(error), retryInMs: delayMs }, `${what} failed, will try again`);
    }
    await sleep(delayMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
