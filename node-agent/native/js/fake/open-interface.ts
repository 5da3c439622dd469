/** What Port and SyncProgram are told alike, checked in the order of src/port_options.rs. */
import type { PortOptions } from "../../index.js";
import type { FakeInterface, FakeMachine } from "./fake-machine.js";
import { demandInteger, nativeError } from "./native-error.js";

/** @throws ENODEV, MER_NATIVE_ARGUMENT */
export function openInterface(
  machine: FakeMachine,
  { interfaceName, eventPort, generalPort, dscp }: Pick<PortOptions, "interfaceName" | "eventPort" | "generalPort" | "dscp">,
): FakeInterface {
  demandInteger(eventPort, "eventPort", 1, 65_535);
  demandInteger(generalPort, "generalPort", 1, 65_535);
  if (eventPort === generalPort) throw nativeError("MER_NATIVE_ARGUMENT", "eventPort and generalPort must differ");
  const found = machine.findInterface(interfaceName);
  demandInteger(dscp, "dscp", 0, 63);
  return found;
}
