/**
 * The order of stopping, with one deadline over all of it and a way to cut it short. Each phase is given up, not the rest:
 * a handler that hangs must not keep the cleanups from running.
 */
import type { Clock } from "../clock/clock.js";
import { sleep } from "../clock/sleep.js";

export interface Phase {
  readonly name: string;
  /** Milliseconds this phase may take. */
  readonly limitMs: number;
  /** `signal` aborts when the time of the phase is up or a forced stop was asked for. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

export interface StopOptions {
  readonly clock: Clock;
  /** Aborted: every phase gets an aborted signal and no time. */
  readonly force: AbortSignal;
  readonly onError: (phase: string, error: unknown) => void;
}

/** Names of the phases that did not end in time. Never throws. */
export async function stopInOrder(phases: readonly Phase[], { clock, force, onError }: StopOptions): Promise<string[]> {
  const unfinished: string[] = [];
  for (const phase of phases) {
    const over = new AbortController();
    const follow = (): void => over.abort(force.reason);
    if (force.aborted) follow();
    force.addEventListener("abort", follow, { once: true });
    let finished = false;
    const ended = new AbortController();
    const run = (async () => {
      try {
        await phase.run(over.signal);
      } catch (error) {
        onError(phase.name, error);
      }
      finished = true;
      ended.abort();
    })();
    await Promise.race([run, sleep(clock, phase.limitMs, AbortSignal.any([over.signal, ended.signal]))]);
    // What only had to notice the abort gets the turns of the loop that noticing takes.
    if (!finished) {
      over.abort(new Error(`${phase.name}: no time left`));
      await Promise.race([run, sleep(clock, graceMs)]);
    }
    force.removeEventListener("abort", follow);
    if (!finished) unfinished.push(phase.name);
  }
  return unfinished;
}

const graceMs = 100;
