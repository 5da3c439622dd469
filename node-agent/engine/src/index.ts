/** The engine: clocks, protocols and estimation without I/O. */
export * from "./ensemble/clock-memory.js";
export * from "./ensemble/contract.js";
export type { TemperatureReading } from "./ensemble/thermometers.js";
export * from "./ensemble/ensemble.js";
export { chainDamping, telecomDamping, undamped } from "./ensemble/joint/damped-companion.js";
export { LinkFilter } from "./ensemble/link/link-filter.js";
export * from "./ensemble/measurement.js";
export { SourceLink } from "./ensemble/source-link.js";
export * from "./engine.js";
export * from "./engine-config.js";
export * from "./host.js";
export type { PortState } from "./port-table.js";
export type { AssociationState as AssociationSocketState } from "./association-table.js";
export type { AssociationState } from "./association-instance.js";
export type { NtpFacts, SourceSnapshot } from "./source-snapshot.js";
export { currentTaiMinusUtc, judgeLeapTable, leapTable, type LeapTableState } from "./time/leap-table.js";
export { parseClockIdentity } from "./wire/ptp/identity.js";
export * from "./time/units.js";
