/** Who leads, as this replica knows it, and who wants to be told: the state behind a Leadership, without any way to get there. */
import { KopfError } from "../errors.js";
import type { Log } from "../log/log.js";
import type { Leadership, Term } from "./leadership.js";

export interface LeadershipState extends Leadership {
  begin(epoch: number): void;
  /** Aborts the term's signal with KOPF_TERM_ENDED, before any listener is told; nothing without a term. */
  end(reason: string): void;
  /** Of the running term. */
  raise(epoch: number): void;
  see(holder: string, annotations: Readonly<Record<string, string>>): void;
}

export interface LeadershipStateOptions {
  /** Of the Lease, or whatever else stands for it in the log. */
  readonly name: string;
  readonly log: Log;
  /** Told with every change, and once at the start. */
  readonly measure: (leads: boolean) => void;
  readonly raiseEpoch: Leadership["raiseEpoch"];
}

export function createLeadershipState({ log, measure, name, raiseEpoch }: LeadershipStateOptions): LeadershipState {
  const listeners = new Set<() => void>();
  let running: { epoch: number; readonly term: Term; readonly over: AbortController } | null = null;
  let holder = "";
  let annotations: Readonly<Record<string, string>> = {};
  measure(false);

  const tell = (): void => {
    for (const listener of [...listeners]) {
      try {
        listener();
      } catch (err) {
        log.error({ err }, "a listener to the leadership threw");
      }
    }
  };

  return {
    get term() {
      return running?.term ?? null;
    },
    get holder() {
      return holder;
    },
    get annotations() {
      return annotations;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    raiseEpoch,
    begin(epoch) {
      const over = new AbortController();
      const begun = {
        epoch,
        over,
        // Read through: who keeps the term sees an epoch that was raised.
        term: {
          get epoch() {
            return begun.epoch;
          },
          signal: over.signal,
        },
      };
      running = begun;
      measure(true);
      log.info({ lease: name, epoch }, "leads");
      tell();
    },
    end(reason) {
      if (running === null) return;
      const { epoch, over } = running;
      running = null;
      measure(false);
      log.info({ lease: name, epoch, reason }, "leads no longer");
      over.abort(new KopfError("KOPF_TERM_ENDED", reason));
      tell();
    },
    raise(epoch) {
      if (running === null || running.epoch === epoch) return;
      log.warn({ lease: name, from: running.epoch, to: epoch }, "epoch raised");
      running.epoch = epoch;
      tell();
    },
    see(nextHolder, nextAnnotations) {
      if (nextHolder === holder && sameEntries(nextAnnotations, annotations)) return;
      holder = nextHolder;
      annotations = nextAnnotations;
      tell();
    },
  };
}

function sameEntries(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
