/**
 * Turns the first SIGTERM into "stop in order" and the second into "stop now". It never ends the process: main decides
 * about the exit code once run() has returned.
 */

/** The two methods of `process` that are needed. */
export interface SignalEmitter {
  on(name: NodeJS.Signals, listener: () => void): unknown;
  off(name: NodeJS.Signals, listener: () => void): unknown;
}

export interface ProcessSignals {
  /** Aborts on the first signal. */
  readonly signal: AbortSignal;
  /** Aborts on the second. */
  readonly forceSignal: AbortSignal;
  /** Stops listening. */
  readonly dispose: () => void;
}

/** Listens on `emitter` (pass `process`), by default for SIGTERM and SIGINT. */
export function listenForSignals(emitter: SignalEmitter, names: readonly NodeJS.Signals[] = ["SIGTERM", "SIGINT"]): ProcessSignals {
  const stop = new AbortController();
  const force = new AbortController();
  const listener = (): void => (stop.signal.aborted ? force : stop).abort();
  for (const name of names) emitter.on(name, listener);
  return {
    signal: stop.signal,
    forceSignal: force.signal,
    dispose: () => {
      for (const name of names) emitter.off(name, listener);
    },
  };
}
