/** The engine: clocks, protocols and estimation without I/O. */
export * from "./ensemble/contract.js";
export * from "./ensemble/measurement.js";
export * from "./host.js";
export * from "./time/units.js";
