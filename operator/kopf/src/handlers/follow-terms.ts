/** What begins and ends with each term: its own actions, the calls of handlers, and what handlers are called for. */
import type { KubeClient } from "../client/kube-client.js";
import type { Clock } from "../clock/clock.js";
import { startDeadline } from "../clock/deadline.js";
import { joinSignals } from "../clock/join-signals.js";
import { timedOut } from "../controller/outcome.js";
import { codeOf, KopfError } from "../errors.js";
import type { Elector } from "../leader/elector.js";
import { guardWrites } from "../leader/guard-writes.js";
import type { Term } from "../leader/leadership.js";
import type { Log } from "../log/log.js";
import type { Wired } from "./create-controllers.js";
import type { TermAction } from "./declarations.js";
import type { Tenure } from "./tenure.js";

export interface TermParts {
  readonly elector: Elector;
  readonly tenure: Tenure;
  readonly wired: Wired;
  readonly actions: readonly TermAction[];
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
}

const takeOverLimitMs = 60_000;

export interface TermFollower {
  /** Begins no further term; resolves when no action of one runs. */
  stop(): Promise<void>;
}

/** `signal`: the operator is to stop. */
export function followTerms(parts: TermParts, signal: AbortSignal): TermFollower {
  const { clock, elector, log, tenure, wired } = parts;
  let current: Term | null = null;
  let stopped = false;
  let takingOver: Promise<void> = Promise.resolve();

  elector.leadership.subscribe(() => {
    const { term } = elector.leadership;
    if (term === current) return;
    if (current !== null) endTerm();
    current = term;
    if (term === null || stopped) return;
    // One after the other: the actions of a lost term may take a moment to notice.
    takingOver = takingOver.then(() => takeOver(term));
  });

  /** Never rejects. */
  const takeOver = async (term: Term): Promise<void> => {
    const client = guardWrites(parts.client, tenure.guard());
    const over = joinSignals(term.signal, signal);
    const deadline = startDeadline(clock, takeOverLimitMs, over.signal, () => timedOut(takeOverLimitMs));
    const runActions = async (): Promise<void> => {
      for (const action of parts.actions) {
        deadline.signal.throwIfAborted();
        await action({ client, signal: deadline.signal, log, term });
      }
    };
    try {
      // Who takes over and never ends would keep everybody from leading; who ignores its signal is not waited for.
      await Promise.race([runActions(), rejectionOf(deadline.signal)]);
    } catch (cause) {
      if (over.signal.aborted) return;
      const err = new KopfError("KOPF_TERM_FAILED", `taking over failed: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause,
      });
      log.error({ epoch: term.epoch, code: codeOf(err), err }, "cannot take over, gives the lease back");
      elector.resign(err.message);
      return;
    } finally {
      deadline.clear();
      over.release();
    }
    if (over.signal.aborted || !elector.confirm()) return;
    tenure.open(term);
    wired.begin();
  };

  const endTerm = (): void => {
    tenure.open(null);
    wired.end(new KopfError("KOPF_TERM_ENDED", "this replica leads no longer"));
  };

  return {
    stop() {
      stopped = true;
      return takingOver;
    },
  };
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = (): void => reject(signal.reason as Error);
    if (signal.aborted) fail();
    else signal.addEventListener("abort", fail, { once: true });
  });
}
