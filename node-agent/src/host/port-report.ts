/** What became of each configured PTP instance, in words that an administrator can act on. */
import type { EngineConfig, PortId } from "@meridian/engine";
import type { PartResult } from "@meridian/proto";
import type { AgentErrorCode } from "../errors.js";
import { findPortHolder } from "./port-holder.js";

export interface PortTrouble {
  readonly code: AgentErrorCode;
  readonly message: string;
}

/**
 * @param troubles of the ports that are not open
 * @param silent parts that send no Sync though their port is open
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
    ...config.transmitters.map(({ grandmaster, timing }) => describe(`serve/${grandmaster}`, timing.port)),
  ];
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
