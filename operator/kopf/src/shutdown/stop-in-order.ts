/**
 * The order of stopping, with one deadline over all of it and a way to cut it short. Each phase is given up, not the rest:
 * a handler that hangs must not keep the cleanups from running.
 */
import type { Clock } from "../clock/clock.js";
import { joinSignals } from "../clock/join-signals.js";
import { sleep } from "../clock/sleep.js";

export interface Phase {
  readonly name: string;
  /** Milliseconds this phase may take at most, if there are so many left. */
  readonly limitMs: number;
  /** Milliseconds that earlier phases must leave to it. */
  readonly reservedMs: number;
  /** `signal` aborts shortly before the time of the phase is up, or when a forced stop was asked for. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

export interface StopOptions {
  readonly clock: Clock;
  /** Milliseconds for all phases together; at least what they have reserved. */
  readonly totalMs: number;
  /** Aborted: every phase gets an aborted signal and no time. */
  readonly force: AbortSignal;
  readonly onError: (phase: string, error: unknown) => void;
}

/** Names of the phases that did not end in time. Never throws. */
export async function stopInOrder(phases: readonly Phase[], { clock, force, onError, totalMs }: StopOptions): Promise<string[]> {
  const unfinished: string[] = [];
  const endsAt = clock.now() + totalMs;
  for (const [index, phase] of phases.entries()) {
    const reservedMs = phases.slice(index + 1).reduce((sum, later) => sum + later.reservedMs, 0);
    const budgetMs = Math.max(0, Math.min(phase.limitMs, endsAt - clock.now() - reservedMs));
    // What only has to notice the abort gets the turns of the loop that noticing takes.
    const graceMs = Math.min(longestGraceMs, budgetMs / 2);
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
    await Promise.race([run, sleep(clock, budgetMs - graceMs, joinSignals(over.signal, ended.signal).signal)]);
    if (!finished) {
      over.abort(new Error(`${phase.name}: no time left`));
      await Promise.race([run, sleep(clock, graceMs, ended.signal)]);
    }
    force.removeEventListener("abort", follow);
    if (!finished) unfinished.push(phase.name);
  }
  return unfinished;
}

const longestGraceMs = 100;
