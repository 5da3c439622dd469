/**
 * The public API. Everything not exported here may change without notice.
 */
export type {
  ApplyOptions,
  CallOptions,
  DeleteOptions,
  Deletion,
  JsonPatchOperation,
  KubeClient,
  ListOptions,
  Manifest,
  PatchBody,
  Selection,
  WriteOptions,
} from "./client/kube-client.js";
export { type Clock, systemClock } from "./clock/clock.js";
export { type Condition, findCondition, removeCondition, setCondition } from "./conditions/condition.js";
export { statusEquals } from "./conditions/status-equals.js";
export { done, type ReconcileResult, requeueAfter } from "./controller/result.js";
export {
  ApiError,
  codeOf,
  errorRegistry,
  isNotFound,
  KopfError,
  type KopfErrorCode,
  PermanentError,
  type StatusDetails,
  TemporaryError,
} from "./errors.js";
export type { EventRecorder, EventToRecord } from "./events/event-recorder.js";
export type {
  App,
  Cache,
  ChangeContext,
  ChangeHandler,
  DeleteHandler,
  DeletionOptions,
  FieldHandler,
  HandlerContext,
  LifecycleContext,
  OperatorOptions,
  ReconcileHandler,
  ReconcileOptions,
  RunOptions,
  ShutdownReport,
  TermContext,
  TimerHandler,
  TimerOptions,
} from "./handlers/app.js";
export { operator } from "./handlers/operator.js";
export type { Check, CheckPurpose, CheckResult, Health, HealthReport } from "./health/check.js";
export type { LeaderElectionOptions, Leadership, Term } from "./leader/leadership.js";
export type { Log } from "./log/log.js";
export {
  type Counter,
  createInstruments,
  type Gauge,
  type Histogram,
  type Labels,
  type MetricDefinition,
  type Metrics,
} from "./metrics/metrics.js";
export {
  apiVersionOf,
  type KubeObject,
  keyOf,
  type ObjectKey,
  type ObjectMeta,
  type ObjectRef,
  type OwnerReference,
  parseKey,
  type ResourceType,
  typeId,
} from "./object/kube-object.js";
export { listenForSignals, type ProcessSignals, type SignalEmitter } from "./shutdown/process-signals.js";
export type { StoreChange, StoreOptions, StoreReader } from "./store/store-reader.js";
