/** What other packages' tests need to put an operator of this one in front of a server that fails. */
export { type FakeApiServer, startFakeApiServer, type TlsFiles } from "./fake-api-server.js";
export { answer, drip, type Fault, hangUp, hangUpAfter, refuse, stall, stallAfter } from "./faults.js";
export { createHastyClock } from "./hasty-clock.js";
export { createRecordingLog } from "./recording-log.js";
export { createRecordingMetrics, type RecordingMetrics } from "./recording-metrics.js";
export { StoreWitness } from "./store-witness.js";
export type { Change } from "./widget-storage.js";
export { type Ledger, withoutManagers } from "./widget-storage.js";
export { changeLine, type Widget, Widgets } from "./widgets.js";
