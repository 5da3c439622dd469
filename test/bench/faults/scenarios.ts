/** The fifteen of the design, in its order. */
import { driftingPair } from "./drifting-pair.js";
import type { FaultScenario } from "./fault-scenario.js";
import { hardwareClocks } from "./hardware-clocks.js";
import { leapSeconds } from "./leap-seconds.js";
import { protocolLoops } from "./protocol-loops.js";
import { killedProcesses } from "./killed-processes.js";
import { lateStamps } from "./late-stamps.js";
import { longRuns } from "./long-runs.js";
import { asymmetries, movedFloors } from "./paths.js";
import { queueing } from "./queueing.js";
import { transparentClocks } from "./transparent-clocks.js";
import { grandmasterSteps, longReferenceSteps } from "./grandmaster-steps.js";
import { otherWriters } from "./other-writers.js";
import { pauses } from "./pauses.js";

/** s */
const usual = { detectWithin: 5, nameWithin: 15, recoverWithin: 60 };
/** A reader learns that nobody runs any more when what was published is void, s. */
const publicationLife = 8;

export const faultScenarios: readonly FaultScenario[] = [
  { number: 1, name: "grandmaster_step", ...usual, variants: grandmasterSteps },
  { number: 2, name: "long_reference_step", ...usual, variants: longReferenceSteps },
  { number: 3, name: "queueing", ...usual, variants: queueing },
  { number: 4, name: "moved_floor", ...usual, variants: movedFloors },
  { number: 5, name: "asymmetry", ...usual, variants: asymmetries },
  { number: 6, name: "late_stamps", ...usual, variants: lateStamps },
  { number: 7, name: "killed_process", ...usual, detectWithin: publicationLife, variants: killedProcesses },
  { number: 8, name: "pause", ...usual, detectWithin: publicationLife, variants: pauses },
  { number: 9, name: "hardware_clock", ...usual, variants: hardwareClocks },
  { number: 10, name: "other_writers", ...usual, variants: otherWriters },
  { number: 11, name: "leap_second", ...usual, variants: leapSeconds },
  { number: 12, name: "transparent_clock", ...usual, variants: transparentClocks },
  { number: 13, name: "drifting_pair", detectWithin: 1000, nameWithin: 1000, recoverWithin: 60, variants: driftingPair },
  { number: 14, name: "protocol_loop", ...usual, variants: protocolLoops },
  { number: 15, name: "long_run", detectWithin: 60, nameWithin: 15, recoverWithin: 1800, variants: longRuns },
];
