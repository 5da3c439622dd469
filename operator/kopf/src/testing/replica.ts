/** One process of an operator in simulated time, in front of an ObjectServer. */
import type { App, OperatorOptions } from "../handlers/app.js";
import { createApp } from "../handlers/create-app.js";
import { createInstruments } from "../metrics/metrics.js";
import type { ManualClock } from "./manual-clock.js";
import type { Connection, ObjectServer } from "./object-server.js";
import { createRecordingLog } from "./recording-log.js";
import { createRecordingMetrics, type RecordingMetrics } from "./recording-metrics.js";

export interface Replica {
  readonly app: App;
  readonly connection: Connection;
  readonly metrics: RecordingMetrics;
  readonly log: ReturnType<typeof createRecordingLog>;
  /** Declares, runs, and lets the caches fill. */
  start(): Promise<void>;
  /** In order. */
  stop(): Promise<void>;
}

/** With a `name` it takes part in leader election. */
export function createReplica(server: ObjectServer, clock: ManualClock, name?: string, options: Partial<OperatorOptions> = {}): Replica {
  const log = createRecordingLog();
  const metrics = createRecordingMetrics();
  const connection = server.connect();
  const app = createApp({
    identity: "test-operator",
    ...(name === undefined ? {} : { instance: name, leaderElection: { namespace: "ns", name: "test", identity: name } }),
    ...options,
    log,
    clock,
    random: alwaysTheSame(),
    instruments: createInstruments(metrics),
    transport: connection,
  });
  const stopping = new AbortController();
  let run: Promise<unknown> = Promise.resolve();
  return {
    app,
    connection,
    metrics,
    log,
    async start() {
      run = app.run({ signal: stopping.signal });
      run.catch(() => {}); // looked at in stop()
      await clock.advance(50);
    },
    async stop() {
      stopping.abort();
      await clock.advance(2_000);
      await run;
    },
  };
}

/** Numbers in [0, 1), the same in every run. */
function alwaysTheSame(): () => number {
  let state = 20_261_124;
  return () => {
    state = (state * 16_807) % (2 ** 31 - 1);
    return state / 2 ** 31;
  };
}
