/** The clocks of this node by the names that resources use. */
import { systemClockName } from "../config.js";
import type { ClockSet } from "./clock-set.js";

const mostClocks = 8;

export interface ListedClock {
  readonly name: string;
  readonly type: "System" | "PHC" | "Virtual";
  /** URI of the native module. */
  readonly device: string;
}

export function listClocks(clocks: Pick<ClockSet, "names">): ListedClock[] {
  return [...clocks.names].slice(0, mostClocks).map(([name, device]) => ({
    name: name === systemClockName ? "system" : name,
    type: device.startsWith("virtual:") ? "Virtual" : name === systemClockName ? "System" : "PHC",
    device,
  }));
}
