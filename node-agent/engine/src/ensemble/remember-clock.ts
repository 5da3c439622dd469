/** What the next process is to know of a clock when this one has ended. */
import type { Raw } from "../time/units.js";
import type { ClockKnowledge } from "./clock-knowledge.js";
import { type ClockMemory, clockMemoryVersion, type LinkMemory, mostRememberedLinks } from "./clock-memory.js";
import type { Proof } from "./consensus.js";
import { linkSettings } from "./link/link-settings.js";

/** As of `raw`; null: nothing worth it. Reads only. */
export function rememberClock(knowledge: ClockKnowledge, raw: Raw, now: Raw): ClockMemory | null {
  const { consensus, frame, config, holdover, lock } = knowledge;
  const { estimate } = consensus;
  if (estimate === null || !estimate.isReady || !frame.known || !lock.everLocked || knowledge.isFarDisputed(now)) return null;
  const isVoid = consensus.vote.noMajority || consensus.vote.widening > 0 || consensus.isShaken(now);
  const radius = isVoid ? null : estimate.radiusAt(raw);
  const proof: Proof = { low: 0, high: 0, lowRate: 0, highRate: 0 };
  const links: LinkMemory[] = [];
  for (const [link, { filter }] of consensus.links) if (filter?.state === "ready") links.push({ link, jitter: filter.jitter });
  const drift = holdover.at(raw);
  return {
    version: clockMemoryVersion,
    clock: config.clock,
    oscillator: {
      rate: estimate.rate + drift.rate,
      rateDeviation: Math.hypot(estimate.rateDeviationAt(raw), holdover.strayRateAt(raw)),
      wander: estimate.wander + holdover.slowWander,
    },
    phase: {
      raw,
      offset: estimate.offsetAt(raw) + drift.offset,
      deviation: Math.hypot(estimate.deviationAt(raw), holdover.strayAt(raw)),
      radius: radius === null ? null : radius + consensus.widening + linkSettings.boundSigmas * holdover.strayAt(raw),
      proof: !consensus.vote.conflict && knowledge.prove(raw, proof) ? proof : null,
    },
    links: links.slice(0, mostRememberedLinks),
  };
}
