/**
 * What a grandmaster says of its own clock: nobody measures it here, its owner vouches for it. The bound is the uncertainty
 * that the Grandmaster resource states, and it does not grow, because the reference is disciplined from outside.
 */
import type { Publication } from "./ensemble/contract.js";
import type { EngineConfig } from "./engine-config.js";
import type { Raw } from "./time/units.js";

/** Readers treat the bound as void when the agent has been silent for this long, s. */
const voidAfterSeconds = 5;
export const publishEverySeconds = 1;

/** No source is configured: the node's clock is its owner's, or nobody's. */
export function followsNobody({ receivers, associations, comparisons }: EngineConfig): boolean {
  return receivers.length + associations.length + comparisons.length === 0;
}

/** The references that are this node's own clock. */
export function ownedReferences({ transmitters, clock }: EngineConfig): EngineConfig["transmitters"] {
  return transmitters.filter((transmitter) => transmitter.clock === clock);
}

/** The publication of a node that follows nobody. */
export function publishOwnedReference(config: EngineConfig, serving: boolean, at: Raw, era: number): Publication {
  const owned = ownedReferences(config);
  const vouched = owned.filter(({ reference }) => reference !== "FreeRunning");
  const uncertainty = vouched.length > 0 ? Math.max(...vouched.map((transmitter) => transmitter.uncertainty)) : null;
  const { state, reason } = describeOwned(config, owned.length > 0, uncertainty !== null, serving);
  return {
    clock: config.clock,
    raw: at,
    era,
    state,
    reason,
    selected: null,
    offset: 0,
    frequency: 0,
    pathDelay: 0,
    calibrated: uncertainty,
    calibratedGrowth: 0,
    guaranteed: uncertainty,
    guaranteedGrowth: 0,
    rootSigma: null,
    rootTau: null,
    voidAfter: voidAfterSeconds,
    sources: [],
  };
}

/** @param vouched for at least one of the references that are the node's own clock */
function describeOwned(config: EngineConfig, owns: boolean, vouched: boolean, serving: boolean): Pick<Publication, "state" | "reason"> {
  if (vouched) return { state: "PhaseAligned", reason: serving ? "OwnsReference" : "OwnsReferenceButServesNobody" };
  if (owns) return { state: "FreeRunning", reason: "FreeRunningReference" };
  // Released, or waiting for its sources; a node that serves another clock than its own does have something to do.
  return { state: "Unknown", reason: config.transmitters.length === 0 ? "NothingConfigured" : "ReferenceNotLinked" };
}
