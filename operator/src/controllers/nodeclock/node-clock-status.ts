/** NodeClock.status as a whole, from the agent's view and what stands there: pure, so that equal input writes nothing. */
import type { NodeClockStatus } from "@meridian/crds";
import { statusEquals } from "kopf-ts";
import type { AgentReport, AppliedParts } from "../../hub/agent-report.js";
import type { AgentView } from "../../hub/fleet.js";
import type { PromisedParts } from "../../hub/promised-parts.js";
import { buildConditions, isFalse, isTrue, isUnknown, type ConditionFor } from "../conditions.js";
import { formatInstant } from "../instant.js";
import type { NodeJudgement } from "../judge-node.js";
import { describeConflicts, otherDaemonRemedy, standsBack } from "../other-daemon.js";
import { publishedBound } from "./published-bound.js";

/** Samples are as of their time; one is renewed with any other news, else this often. */
const sampleMs = 600_000;
/** Ages travel in reports and are turned into instants here: differences below this are jitter. */
const jitterMs = 5_000;

type Wanted = ConditionFor<"NodeClock">;

export interface StatusInput {
  readonly standing: NodeClockStatus | undefined;
  readonly generation: number | undefined;
  readonly view: AgentView | undefined;
  /** What the agent has to answer for by the plan as it stands; null: nothing that it may not know. */
  readonly promised: PromisedParts | null;
  readonly judgement: NodeJudgement;
  readonly now: Date;
}

/** @returns the standing status itself when there is nothing to write */
export function nodeClockStatus(input: StatusInput): NodeClockStatus {
  const { standing, judgement, now } = input;
  const { report } = judgement;
  const built = buildStatus(input);
  const standingSample = standing?.lastSample;
  const sampleIsOld = report !== null && (!standingSample || now.getTime() - Date.parse(standingSample.time) >= sampleMs);
  if (!sampleIsOld && standing !== undefined && statusEquals(standing, { ...built, ...sampleOf(standingSample) })) return standing;
  return {
    ...built,
    ...(report === null ? sampleOf(standingSample) : sampleOf(newSample(report, new Date(now.getTime() - judgement.reportAge)))),
  };
}

function buildStatus({ standing, generation, view, promised, judgement, now }: StatusInput): NodeClockStatus {
  const conditions = buildConditions(standing?.conditions, conditionsOf(view, promised, judgement), generation, now);
  const hardware = view ? hardwareOf(view) : { interfaces: standing?.interfaces, clocks: standing?.clocks };
  const { report } = judgement;
  const common = { conditions, ...present(hardware) };
  if (report === null) {
    // Nothing is known: neither a bound nor a state may go on standing there, except for the moments of a reconnect.
    if (judgement.reachable && standing) {
      const { conditions: _conditions, interfaces: _interfaces, clocks: _clocks, lastSample: _sample, ...rest } = standing;
      return { ...rest, ...common };
    }
    const stood = standing?.state === "Unknown" ? standing.stateTransitionTime : undefined;
    return {
      ...common,
      state: "Unknown",
      stateReason: judgement.reason,
      stateTransitionTime: stood ?? formatInstant(now),
      ...(standing?.transitions ? { transitions: standing.transitions } : {}),
    };
  }
  return {
    ...common,
    state: report.state,
    stateReason: report.reason,
    stateTransitionTime: steadyInstant(
      standing?.state === report.state ? standing.stateTransitionTime : undefined,
      now.getTime() - judgement.reportAge - report.stateAge,
    ),
    ...present({
      selectedUpstream: report.selectedUpstream || undefined,
      errorBoundNanoseconds: publishedBound(standing?.errorBoundNanoseconds, report.calibrated),
      guaranteedErrorNanoseconds: publishedBound(standing?.guaranteedErrorNanoseconds, report.guaranteed),
      grandmasterIdentity: report.grandmasterIdentity || undefined,
      stepsRemoved: report.selectedUpstream === "" ? undefined : report.stepsRemoved,
      ...serverOf(report),
      conflicts: report.conflicts.length === 0 ? undefined : report.conflicts.map(({ process, clock }) => ({ process, clock })),
      // Ages count from the report, and the report may have been made a while ago.
      transitions: transitionsOf(report, standing, new Date(now.getTime() - judgement.reportAge)),
    }),
  };
}

/** What the NTP server says of itself that is followed; of another source nothing. */
function serverOf({ selectedUpstream, sources }: AgentReport): { stratum?: number; referenceID?: string } {
  const followed = selectedUpstream === "" ? undefined : sources.find(({ name }) => name === selectedUpstream);
  if (followed === undefined || followed.stratum === null) return {};
  const { stratum, referenceId } = followed;
  return { stratum, ...(referenceId === "" ? {} : { referenceID: referenceId }) };
}

function conditionsOf(view: AgentView | undefined, promised: PromisedParts | null, judgement: NodeJudgement): Wanted[] {
  const { message, reason, synchronized } = judgement;
  return [
    { type: "Synchronized", status: synchronized, reason, message },
    judgement.reachable
      ? view
        ? // One text for both: a stream that comes back at once must not cost two writes.
          isTrue("AgentConnected", "Connected", "the agent's stream stands, or broke less than 30 s ago")
        : isUnknown("AgentConnected", "Waiting", "the operator has just started; the agent has not connected to it yet")
      : isFalse("AgentConnected", "Disconnected", message),
    // Without a stream nothing is asked of the agent: what it last answered stands.
    appliedCondition((view?.stream ? view.stream.revision : view?.applied?.revision) ?? "", view?.applied ?? null, promised),
    conflictedCondition(judgement),
  ];
}

function conflictedCondition({ report, message }: NodeJudgement): Wanted {
  const type = "Conflicted";
  if (report === null) return isUnknown(type, "AgentDisconnected", message);
  if (standsBack(report)) return isTrue(type, "OtherDaemonSteers", `${describeConflicts(report)}: ${otherDaemonRemedy}`);
  if (report.conflicts.length > 0) return isFalse(type, "Observed", `${describeConflicts(report)}; the agent measures beside it`);
  return isFalse(type, "None", "nobody else steers the clock");
}

function appliedCondition(revision: string, applied: AppliedParts | null, promised: PromisedParts | null): Wanted {
  if (applied === null || applied.revision !== revision || revision === "")
    return isUnknown("ConfigApplied", "Pending", "the agent has not confirmed its configuration");
  const failed = applied.failed[0];
  const silent = silentParts(applied, promised);
  if (!failed && silent.length > 0)
    return isFalse("ConfigApplied", "NoCapability", `${silent.join(", ")}: this agent's version has no NTP; upgrade it`);
  if (!failed) return isTrue("ConfigApplied", "Applied", "every part of the configuration runs");
  const message = [
    ...applied.failed.map((part) => `${part.part}: ${part.code}: ${part.message}`),
    ...silent.map((part) => `${part}: this agent's version has no NTP`),
  ].join("; ");
  switch (failed.code) {
    case "MER_AGENT_PORT_TAKEN":
      return isFalse("ConfigApplied", "PortInUse", message);
    case "MER_AGENT_CLOCK_CONTESTED":
      return isFalse("ConfigApplied", "OtherDaemonSteers", message);
    case "MER_AGENT_NOT_STEERABLE":
    case "MER_AGENT_PORT_DENIED":
      return isFalse("ConfigApplied", "NoCapability", message);
    default:
      return isFalse("ConfigApplied", "PartRejected", message);
  }
}

/** What the agent was given and does not speak of. */
function silentParts({ mentioned, revision, failed }: AppliedParts, promised: PromisedParts | null): string[] {
  if (promised?.revision !== revision || failed.some(({ part }) => part === "config")) return [];
  return promised.parts.filter((part) => !mentioned.includes(part));
}

function hardwareOf({ capabilities }: AgentView): Pick<NodeClockStatus, "interfaces" | "clocks"> {
  return {
    interfaces: capabilities.interfaces.map(({ name, timestamping }) => {
      const phc = capabilities.phcs.get(name);
      return { name, timestamping, ...(phc === undefined ? {} : { phc }) };
    }),
    clocks: capabilities.devices.map(({ name, type, device }) => ({ name, type, device })),
  };
}

function transitionsOf(report: AgentReport, standing: NodeClockStatus | undefined, now: Date): NodeClockStatus["transitions"] {
  return report.transitions.map(({ state, reason, age }) => {
    const at = now.getTime() - age;
    const known = standing?.transitions?.find(
      (transition) => transition.state === state && transition.reason === reason && Math.abs(Date.parse(transition.time) - at) <= jitterMs,
    );
    return { time: known?.time ?? formatInstant(new Date(at)), state, reason };
  });
}

function steadyInstant(standing: string | undefined, at: number): string {
  return standing !== undefined && Math.abs(Date.parse(standing) - at) <= jitterMs ? standing : formatInstant(new Date(at));
}

function newSample(report: AgentReport, now: Date): NodeClockStatus["lastSample"] {
  return {
    time: formatInstant(now),
    offsetNanoseconds: report.offset,
    frequencyPartsPerBillion: report.frequency,
    pathDelayNanoseconds: report.pathDelay,
  };
}

const sampleOf = (lastSample: NodeClockStatus["lastSample"] | undefined) => (lastSample === undefined ? {} : { lastSample });

/** Without the properties that are undefined: absent, not null, is how a status says "nothing". */
function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
