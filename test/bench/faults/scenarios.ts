/** The fifteen of the design, in its order. */
import { driftingPair } from "./drifting-pair.js";
import type { FaultScenario } from "./fault-scenario.js";
import { grandmasterSteps, longReferenceSteps } from "./grandmaster-steps.js";
import { otherWriters } from "./other-writers.js";
import { pauses } from "./pauses.js";

/** s */
const usual = { detectWithin: 5, nameWithin: 15, recoverWithin: 60 };

export const faultScenarios: readonly FaultScenario[] = [
  { number: 1, name: "grandmaster_step", ...usual, variants: grandmasterSteps },
  { number: 2, name: "long_reference_step", ...usual, variants: longReferenceSteps },
  { number: 8, name: "pause", ...usual, variants: pauses },
  { number: 10, name: "other_writers", ...usual, variants: otherWriters },
  { number: 13, name: "drifting_pair", detectWithin: 1000, nameWithin: 1000, recoverWithin: 60, variants: driftingPair },
];
