/** The engine: clocks, protocols and estimation without I/O. */
export * from "./ensemble/contract.js";
export * from "./ensemble/ensemble.js";
export * from "./ensemble/measurement.js";
export * from "./engine.js";
export * from "./engine-config.js";
export * from "./host.js";
export type { PortState } from "./port-table.js";
export type { SourceSnapshot } from "./receiver-instance.js";
export { currentTaiMinusUtc, leapTable } from "./time/leap-table.js";
export { parseClockIdentity } from "./wire/ptp/identity.js";
export * from "./time/units.js";
