/** An engine that steers its clock and follows, serves and asks nobody: what tests and benches begin with. */
import type { EngineConfig } from "../engine-config.js";
import { undamped } from "../ensemble/joint/damped-companion.js";

export const idleEngine: EngineConfig = {
  clock: "clock",
  clockScale: "UTC",
  steer: true,
  step: { mode: "OnStart", threshold: 100_000 },
  maxSlew: 50_000,
  maxDrift: 1000,
  damping: undamped,
  receivers: [],
  transmitters: [],
  associations: [],
  comparisons: [],
  ntpServer: null,
};
