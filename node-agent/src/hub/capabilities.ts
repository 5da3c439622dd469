/** What this node can do, as told to the hub: interfaces with their time stamping, clocks by the names that resources use. */
import { networkInterfaces } from "node:os";
import { readTimestampingCapabilities } from "@meridian/native";
import type { Capabilities } from "@meridian/proto";
import type { ClockSet } from "../clock/clock-set.js";
import { listClocks } from "../clock/list-clocks.js";

const mostInterfaces = 16;
const mostAddresses = 4;

export function readCapabilities(clocks: ClockSet): Capabilities {
  const interfaces = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) => {
    const usable = addresses.filter(({ internal, family }) => !internal && family === "IPv4");
    const first = usable[0];
    if (!first) return [];
    return [
      {
        name,
        addresses: usable.slice(0, mostAddresses).map(({ address }) => address),
        hardwareAddress: first.mac,
        ...timestampingOf(name),
      },
    ];
  });
  return {
    interfaces: interfaces.slice(0, mostInterfaces),
    clocks: listClocks(clocks),
    canSteer: clocks.steers,
  };
}

function timestampingOf(name: string): { timestamping: string; phcIndex: number } {
  try {
    const { hardware, softwareReceive, softwareTransmit, phcIndex } = readTimestampingCapabilities(name);
    return { timestamping: hardware ? "Hardware" : softwareReceive && softwareTransmit ? "Software" : "None", phcIndex: phcIndex };
  } catch {
    return { timestamping: "None", phcIndex: -1 }; // tunnels and the like have no driver to ask
  }
}
