/** What became of each configured PTP instance and NTP association, in words that an administrator can act on. */
import type { AssociationId, EngineConfig, PortId } from "@meridian/engine";
import type { PartResult } from "@meridian/proto";
import type { AgentErrorCode } from "../errors.js";
import { findPortHolder } from "./port-holder.js";

/** The part of the configuration that is this node's NTP server. */
export const ntpServicePart = "serve/ntp";

export interface PortTrouble {
  readonly code: AgentErrorCode;
  readonly message: string;
}

/**
 * @param troubles of the ports and associations that are not open
 * @param silent parts that send nothing though their port is open
 */
export function describePorts(
  config: EngineConfig,
  troubles: ReadonlyMap<PortId, PortTrouble>,
  silent: ReadonlyMap<string, PortTrouble>,
): PartResult[] {
  const describe = (part: string, port: PortId): PartResult => {
    const trouble = troubles.get(port) ?? silent.get(part);
    return trouble ? { part, ok: false, ...trouble } : { part, ok: true, code: "", message: "" };
  };
  return [
    ...config.receivers.map(({ source, timing }) => describe(`ptp/${source}`, timing.port)),
    ...config.associations.map(({ source }) => describe(`ntp/${source}`, `ntp/${source}`)),
    ...config.transmitters.map(({ grandmaster, timing }) => describe(`serve/${grandmaster}`, timing.port)),
    ...(config.ntpServer === null ? [] : [describe(ntpServicePart, "")]),
  ];
}

/** @param association its id; @param because errno, resolver's code or MER_… name of the failed call */
export function explainAssociation(association: AssociationId, because: string): PortTrouble {
  const said: Readonly<Record<string, string>> = {
    ENOTFOUND: "its name does not resolve",
    EAI_AGAIN: "the name server does not answer",
    ETIMEDOUT: "the name server does not answer",
    EBUSY: "other names are being looked up",
    ECONNREFUSED: "its address answers that nobody listens",
    ENETUNREACH: "there is no route to it",
    EHOSTUNREACH: "there is no route to it",
  };
  const why = said[because];
  return { code: "MER_AGENT_ASSOCIATION_FAILED", message: `${association}: ${why === undefined ? because : `${why} (${because})`}` };
}

/**
 * Looks through the host's processes for EADDRINUSE: once per failed attempt, not per report.
 * @param because errno or MER_… name of the failed call
 */
export function explainPort(port: PortId, because: string): PortTrouble {
  switch (because) {
    case "EADDRINUSE": {
      const holder = findPortHolder(319) ?? findPortHolder(320);
      return {
        code: "MER_AGENT_PORT_TAKEN",
        message: `UDP port 319 or 320 is held by ${holder ?? "a process that this agent may not see"}`,
      };
    }
    case "EACCES":
    case "EPERM":
      return {
        code: "MER_AGENT_PORT_DENIED",
        message: `no permission to open PTP on ${port}: CAP_NET_BIND_SERVICE and CAP_NET_RAW are needed`,
      };
    case "ENODEV":
    case "EADDRNOTAVAIL":
    case "ENETDOWN":
      return { code: "MER_AGENT_PORT_ABSENT", message: `interface ${port} is absent, down or without IPv4 (${because})` };
    case "MER_AGENT_CLOCK_FAILED":
      return { code: because, message: `the clock that ${port} is stamped with cannot be opened` };
    default:
      return { code: "MER_AGENT_PORT_FAILED", message: `${port}: ${because}` };
  }
}
