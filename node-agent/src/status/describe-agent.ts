/** From what the agent holds to the document of `GET /v1/status`: made on request, bounded, never a sentinel. */
import type { ClockStability, EngineConfig, LinkDescription, NtpFacts, PortId, Publication, SourceSnapshot } from "@meridian/engine";
import { ntpServicePart, type PortTrouble } from "../host/port-report.js";
import { agePublication } from "../publication/age-publication.js";
import { type AgentStatus, type PortOpening, portStateOf, type SourceFigures, type StabilityFigures } from "./agent-status.js";

/** The contract of the hub allows 8 of each. */
const mostParts = 16;

export interface AgentFacts extends Omit<AgentStatus, "clock" | "sources" | "served" | "ntpServer" | "ports"> {
  readonly clock: Pick<AgentStatus["clock"], "name" | "uri" | "steps" | "conflicts">;
  /** null: nothing was published yet. */
  readonly publication: Publication | null;
  /** Of the publication, s. */
  readonly age: number;
  /** Of the published state, s; null: it has none. */
  readonly stateAge: number | null;
  readonly links: readonly LinkDescription[];
  readonly announced: readonly SourceSnapshot[];
  readonly transmitters: EngineConfig["transmitters"];
  readonly ntpServer: EngineConfig["ntpServer"];
  /** As NtpServer.statistics; null: it does not run. */
  readonly ntpStatistics: readonly number[] | null;
  /** Ports and associations. */
  readonly openPorts: Iterable<[PortId, PortOpening]>;
  readonly troubles: ReadonlyMap<PortId, PortTrouble>;
  /** Parts that send no Sync though their port is open. */
  readonly silent: ReadonlyMap<string, PortTrouble>;
}

export function describeAgent(facts: AgentFacts): AgentStatus {
  const { links, announced, transmitters, openPorts, troubles, silent } = facts;
  const { node, version, mode, domain, role, revision, objective, hub, leapTable, clocks } = facts;
  return {
    ...{ node, version, mode, domain, role, revision, objective, hub, leapTable },
    clock: describeClock(facts),
    sources: links.slice(0, mostParts).map((link) =>
      describeSource(
        link,
        announced.find(({ source }) => source === link.link),
      ),
    ),
    served: transmitters.slice(0, mostParts).map(({ grandmaster, timing }) => ({
      grandmaster,
      interface: timing.port,
      domainNumber: timing.domainNumber,
      trouble: troubles.get(timing.port) ?? silent.get(`serve/${grandmaster}`) ?? null,
    })),
    ntpServer: describeNtpServer(facts),
    ports: [...openPorts]
      .slice(0, mostParts)
      .map(([name, port]) => ({ interface: name, state: portStateOf(port), trouble: troubles.get(name) ?? null })),
    clocks,
  };
}

function describeNtpServer({ ntpServer, ntpStatistics, silent }: AgentFacts): AgentStatus["ntpServer"] {
  if (ntpServer === null) return null;
  const { port, allowed } = ntpServer;
  return { port, allowed, answers: ntpStatistics?.[0] ?? 0, trouble: silent.get(ntpServicePart) ?? null };
}

function describeClock({ clock, publication, age, stateAge }: AgentFacts): AgentStatus["clock"] {
  const { name, uri, steps, conflicts } = clock;
  const nothing = { selected: null, offsetNanoseconds: null, calibratedBoundNanoseconds: null, guaranteedBoundNanoseconds: null };
  const unknown = { name, uri, steps, conflicts, state: "Unknown", ...nothing, frequencyPartsPerBillion: null } as const;
  if (publication === null) return { ...unknown, reason: "NothingPublished", stateAgeSeconds: null, era: null };
  const { alive, calibrated, guaranteed } = agePublication(publication, age);
  const { era, state, reason, selected, sources, offset, frequency } = publication;
  if (!alive) return { ...unknown, reason: "EngineStalled", stateAgeSeconds: round(age - publication.voidAfter), era };
  // Where nothing is known the publication says 0; a source is measured against the estimate once there is one.
  const estimated = sources.some(({ offsetFromConsensus }) => offsetFromConsensus !== null);
  return {
    ...{ name, uri, state, reason, stateAgeSeconds: round(stateAge), selected },
    offsetNanoseconds: estimated ? round(offset) : null,
    calibratedBoundNanoseconds: calibrated,
    guaranteedBoundNanoseconds: guaranteed,
    frequencyPartsPerBillion: estimated ? round(frequency) : null,
    ...{ steps, era, conflicts },
  };
}

function describeSource(link: LinkDescription, announced: SourceSnapshot | undefined): SourceFigures {
  const { use, priority, selected, state, reason, independenceGroup, measurements } = link;
  return {
    ...{ name: link.link, use, priority, selected, state, reason, independenceGroup },
    portState: announced?.portState ?? null,
    grandmasterIdentity: announced?.grandmasterIdentity ?? null,
    stepsRemoved: announced?.stepsRemoved ?? null,
    ntp: announced?.ntp ? describeNtp(announced.ntp) : null,
    offsetNanoseconds: round(link.offset),
    standardDeviationNanoseconds: round(link.deviation),
    ratePartsPerBillion: round(link.rate),
    pathDelayNanoseconds: round(link.pathDelay),
    asymmetryNanoseconds: round(link.asymmetry),
    correlationSeconds: round(link.correlation),
    lastMeasurementAgeSeconds: round(link.age),
    measurements,
  };
}

function describeNtp({ address, stratum, referenceId, poll, reachability, interleaved }: NtpFacts): SourceFigures["ntp"] {
  return { address, stratum, referenceId, pollSeconds: poll, reachability, interleaved };
}

export function describeStability({ seconds, timeError, octaves }: ClockStability): StabilityFigures {
  return {
    watchedSeconds: seconds,
    meanTimeErrorNanoseconds: roundFinite(timeError.mean),
    rootMeanSquareTimeErrorNanoseconds: roundFinite(timeError.rootMeanSquare),
    largestTimeErrorNanoseconds: roundFinite(timeError.largest),
    intervals: octaves.map(({ tau, allanDeviation, timeDeviation, maximumTimeIntervalError }) => ({
      tauSeconds: tau,
      // Three digits of a variance are more than its windows are worth.
      allanDeviation: allanDeviation === null ? null : Number(allanDeviation.toPrecision(3)),
      timeDeviationNanoseconds: round(timeDeviation),
      maximumTimeIntervalErrorNanoseconds: round(maximumTimeIntervalError),
    })),
  };
}

const roundFinite = (value: number): number => Math.round(value * 1e3) / 1e3;

/** To a thousandth: what comes after it is noise of the last bit. */
function round(value: number | null): number | null {
  return value === null || !Number.isFinite(value) ? null : roundFinite(value);
}
