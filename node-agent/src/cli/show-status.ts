/** `meridian-agent status`: what a person on call wants to know first. */
import type { AgentStatus, SourceFigures } from "../status/agent-status.js";
import { formatDuration, formatName, formatRate, formatTime } from "./format.js";

const longestText = 200;

/** What `status --check` asks: aligned, and by how much at most is known. */
export const isGood = ({ clock }: AgentStatus): boolean => clock.state === "PhaseAligned" && clock.calibratedBoundNanoseconds !== null;

export function showStatus(status: AgentStatus): string {
  const { node, version, mode, domain, role, revision, clock, clocks } = status;
  const steerable = clocks.some(({ device, steerable }) => device === clock.uri && steerable);
  const lines: (readonly [string, string])[] = [
    ["Node", `${formatName(node)}, agent ${formatName(version)}, mode ${formatName(mode)}`],
    ["Domain", domain === null ? "none" : `${formatName(domain)}, role ${formatName(role)}, revision ${formatName(revision)}`],
    ["Clock", `${formatName(clock.name)}, ${formatName(clock.uri, longestText)}${steerable ? "" : ", not steered"}`],
    ["State", `${formatName(clock.state)} (${formatName(clock.reason)})${sinceWhen(clock)}`],
    ["Bound", describeBounds(clock)],
    ...describeObjective(status),
    [
      "Offset",
      `${formatTime(clock.offsetNanoseconds, true)}, frequency ${formatRate(clock.frequencyPartsPerBillion)} ppb, steps ${clock.steps}`,
    ],
    ["Source", describeSource(status)],
    ["Hub", describeHub(status)],
    ...clock.conflicts.map(
      ({ process, evidence }) =>
        [
          "Conflict",
          `${formatName(process || "a program that cannot be named", longestText)} steers this clock (${formatName(evidence)})`,
        ] as const,
    ),
    ...describeTroubles(status),
    ...(isGood(status) ? [] : [["Attention", describeFault(clock)] as const]),
  ];
  return lines.map(([name, text]) => `${name.padEnd(11)}${text}\n`).join("");
}

function describeFault({ state, calibratedBoundNanoseconds }: AgentStatus["clock"]): string {
  if (calibratedBoundNanoseconds === null) return "no calibrated bound: this clock's error is not known";
  return `this clock is ${formatName(state)}, not PhaseAligned`;
}

const sinceWhen = ({ stateAgeSeconds }: AgentStatus["clock"]): string =>
  stateAgeSeconds === null ? "" : ` for ${formatDuration(stateAgeSeconds)}`;

function describeBounds({ calibratedBoundNanoseconds: calibrated, guaranteedBoundNanoseconds: guaranteed }: AgentStatus["clock"]): string {
  const word = (bound: number | null): string => (bound === null ? "void" : formatTime(bound));
  return `calibrated ${word(calibrated)}, guaranteed ${word(guaranteed)}`;
}

function describeObjective({ objective, clock }: AgentStatus): (readonly [string, string])[] {
  if (objective === null) return [];
  const bound = objective.bound === "Guaranteed" ? clock.guaranteedBoundNanoseconds : clock.calibratedBoundNanoseconds;
  const kept = bound !== null && bound <= objective.maxErrorNanoseconds;
  return [["Objective", `${formatTime(objective.maxErrorNanoseconds)} ${formatName(objective.bound)}: ${kept ? "kept" : "not kept"}`]];
}

function describeSource({ clock, sources, served }: AgentStatus): string {
  const selected = sources.find(({ name }) => name === clock.selected);
  if (selected) {
    const { name, state } = selected;
    const origin = describeOrigin(selected);
    return `${formatName(name)}, ${formatName(state)}${origin}`;
  }
  if (sources.length > 0) return `none of ${sources.length} is followed`;
  return served.length > 0 ? "none, serves its own reference" : "none configured";
}

function describeOrigin({ grandmasterIdentity: grandmaster, stepsRemoved, ntp }: SourceFigures): string {
  if (ntp !== null)
    return `, NTP server ${formatName(ntp.address)}, stratum ${ntp.stratum ?? "-"}, reference ${formatName(ntp.referenceId)}`;
  return grandmaster === null ? "" : `, grandmaster ${formatName(grandmaster)}, steps removed ${stepsRemoved ?? "-"}`;
}

function describeHub({ hub: { connected, address, trouble } }: AgentStatus): string {
  if (address === null) return "none";
  if (connected) return `connected to ${formatName(address, longestText)}`;
  return `no answer from ${formatName(address, longestText)}${trouble === null ? "" : ` (${formatName(trouble)})`}, time goes on`;
}

function describeTroubles({ ports, served, ntpServer, leapTable }: AgentStatus): (readonly [string, string])[] {
  const words = ({ code, message }: { code: string; message: string }): string =>
    `${formatName(code)}: ${formatName(message, longestText)}`;
  return [
    ...ports.flatMap(({ interface: name, state, trouble }) =>
      state === "Open" || trouble === null ? [] : [["Port", `${formatName(name)} is not open. ${words(trouble)}`] as const],
    ),
    ...served.flatMap(({ grandmaster, trouble }) =>
      trouble === null ? [] : [["Served", `${formatName(grandmaster)} serves nobody. ${words(trouble)}`] as const],
    ),
    ...(leapTable.state === null || leapTable.state === "Valid"
      ? []
      : [["Leap", `the table of leap seconds holds until ${formatName(leapTable.until)}: install a newer release`] as const]),
    ...(ntpServer?.trouble ? [["Served", `no NTP client is answered. ${words(ntpServer.trouble)}`] as const] : []),
  ];
}
