/** One variant from one seed. */
import type { EventResult } from "./fault-event.js";
import { faultScenarios } from "./scenarios.js";

export interface FaultJob {
  readonly scenario: number;
  readonly variant: string;
  readonly seed: number;
}

export function runJob({ scenario, variant, seed }: FaultJob): readonly EventResult[] {
  const found = faultScenarios.find(({ number }) => number === scenario)?.variants.find(({ name }) => name === variant);
  if (found === undefined) throw new Error(`no variant ${variant} of scenario ${String(scenario)}`);
  return found.run(seed);
}
