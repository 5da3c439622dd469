/** What the node says of itself to the hub, from the engine's last publication. */
import type { Publication, SourceSnapshot } from "@meridian/engine";
import type { Report } from "@meridian/proto";

interface Transition {
  readonly state: string;
  readonly reason: string;
  /** ms of the process's monotonic clock. */
  readonly since: number;
}

const mostTransitions = 5;

/** Keeps what a report needs besides the publication: since when, how often stepped, the last changes of state. */
export class ReportBuilder {
  readonly #transitions: Transition[] = [];
  #sequence = 0;
  #steps = 0;

  countStep(): void {
    this.#steps += 1;
  }

  /** @returns true when the publication says something else than the one before: report at once */
  observe({ state, reason }: Publication, nowMs: number): boolean {
    const last = this.#transitions.at(-1);
    if (last?.state === state && last.reason === reason) return false;
    this.#transitions.push({ state, reason, since: nowMs });
    if (this.#transitions.length > mostTransitions) this.#transitions.shift();
    return true;
  }

  /** @param age s since the publication: bounds have grown by it */
  build(publication: Publication, sources: readonly SourceSnapshot[], age: number, nowMs: number): Report {
    const current = this.#transitions.at(-1);
    const selected = sources.find(({ source }) => source === publication.selected);
    this.#sequence += 1;
    const voided = age > publication.voidAfter;
    return {
      sequence: this.#sequence,
      monotonicMilliseconds: Math.round(nowMs),
      state: voided ? "Unknown" : publication.state,
      stateReason: voided ? "EngineStalled" : publication.reason,
      stateAgeMilliseconds: Math.round(nowMs - (current?.since ?? nowMs)),
      selectedUpstream: publication.selected ?? "",
      offsetNanoseconds: Math.round(publication.offset),
      ...(voided ? {} : boundsOf(publication, age)),
      frequencyPartsPerBillion: Math.round(publication.frequency),
      pathDelayNanoseconds: Math.max(0, Math.round(publication.pathDelay)),
      grandmasterIdentity: selected?.grandmasterIdentity ?? "",
      stepsRemoved: selected?.stepsRemoved ?? 0,
      clockSteps: this.#steps,
      sources: publication.sources.slice(0, 16).map(({ link, state, reason, offsetFromConsensus }) => {
        const announced = sources.find(({ source }) => source === link);
        return {
          name: link,
          state,
          reason,
          offsetFromConsensusNanoseconds: Math.round(offsetFromConsensus ?? 0),
          clockClass: announced?.clockClass ?? 0,
          grandmasterIdentity: announced?.grandmasterIdentity ?? "",
          currentUtcOffsetSeconds: announced?.currentUtcOffset ?? 0,
          currentUtcOffsetValid: announced?.currentUtcOffsetValid ?? false,
        };
      }),
      transitions: this.#transitions.map(({ state, reason, since }) => ({ state, reason, ageMilliseconds: Math.round(nowMs - since) })),
    };
  }
}

/** Rounded up: a bound never gets smaller on its way. */
function boundsOf(
  { calibrated, calibratedGrowth, guaranteed, guaranteedGrowth }: Publication,
  age: number,
): Pick<Report, "calibrated" | "guaranteed"> {
  const grown = (bound: number, growth: number) => ({ nanoseconds: Math.ceil(bound + growth * age) });
  return {
    ...(calibrated === null ? {} : { calibrated: grown(calibrated, calibratedGrowth) }),
    ...(guaranteed === null ? {} : { guaranteed: grown(guaranteed, guaranteedGrowth) }),
  };
}
