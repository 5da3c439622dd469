/** What became of each configured PTP instance, in words that an administrator can act on. */
import type { EngineConfig, PortId, PortState } from "@meridian/engine";
import type { PartResult } from "@meridian/proto";
import type { AgentErrorCode } from "../errors.js";
import { findPortHolder } from "./port-holder.js";

export function describePorts(config: EngineConfig, ports: Iterable<[PortId, PortState]>): PartResult[] {
  const states = new Map(ports);
  const describe = (part: string, port: PortId): PartResult => {
    const because = states.get(port)?.lostBecause ?? null;
    return because === null ? { part, ok: true, code: "", message: "" } : { part, ok: false, ...explain(port, because) };
  };
  return [
    ...config.receivers.map(({ source, timing }) => describe(`ptp/${source}`, timing.port)),
    ...config.transmitters.map(({ grandmaster, timing }) => describe(`serve/${grandmaster}`, timing.port)),
  ];
}

/** @param because errno or MER_NATIVE_… name of the failed call */
export function explain(port: PortId, because: string): { code: AgentErrorCode; message: string } {
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
    default:
      return { code: "MER_AGENT_PORT_FAILED", message: `${port}: ${because}` };
  }
}
