/**
 * What this package measures, as a table, and the interface through which the caller receives it. Names follow
 * controller-runtime's, so that its dashboards need only a prefix; the prefix is the caller's.
 */

export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  /** Adds `by` (default 1, never negative). */
  increment(labels: Labels, by?: number): void;
}

export interface Gauge {
  set(labels: Labels, value: number): void;
}

export interface Histogram {
  /** Base units: seconds. */
  observe(labels: Labels, value: number): void;
}

export interface MetricDefinition {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds for histograms, seconds. */
  readonly buckets?: readonly number[];
}

/** Fulfilled by the caller, e.g. over prom-client; each method is called once per definition. */
export interface Metrics {
  counter(definition: MetricDefinition): Counter;
  gauge(definition: MetricDefinition): Gauge;
  histogram(definition: MetricDefinition): Histogram;
}

const buckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60];

/** All instruments, made once per operator. */
export type Instruments = ReturnType<typeof createInstruments>;

/**
 * Registers every metric with the caller. controller-runtime's results are success, error, requeue and requeue_after. Ours: a
 * TemporaryError is requeue_after, a time limit, a PermanentError or anything else thrown is error, `requeue` does not exist, and
 * an aborted call is not counted.
 */
export function createInstruments(metrics: Metrics) {
  const counter = (name: string, help: string, ...labels: string[]): Counter => metrics.counter({ name, help, labels });
  const gauge = (name: string, help: string, ...labels: string[]): Gauge => metrics.gauge({ name, help, labels });
  const histogram = (name: string, help: string, ...labels: string[]): Histogram => metrics.histogram({ name, help, labels, buckets });
  return {
    reconciles: counter("reconcile_total", "Calls by result: success, requeue_after or error.", "controller", "result"),
    reconcileErrors: counter("reconcile_errors_total", "Calls that failed, by code.", "controller", "code"),
    terminalErrors: counter("terminal_reconcile_errors_total", "Calls that gave up until something changes.", "controller"),
    reconcileTimeouts: counter("reconcile_timeouts_total", "Calls that exceeded their time limit.", "controller"),
    reconcileSeconds: histogram("reconcile_time_seconds", "Duration of a call.", "controller"),
    activeWorkers: gauge("active_workers", "Calls that run now.", "controller"),
    maxWorkers: gauge("max_concurrent_reconciles", "Calls that may run at once.", "controller"),
    abandoned: gauge("reconcile_abandoned", "Handlers that still run although their signal aborted.", "controller"),
    echoTimeouts: counter("own_write_echo_timeouts_total", "Own writes that the cache did not show in time.", "controller"),
    queueDepth: gauge("workqueue_depth", "Keys ready to be processed.", "name"),
    queueAdds: counter("workqueue_adds_total", "Keys that became ready.", "name"),
    queueRetries: counter("workqueue_retries_total", "Retries after errors.", "name"),
    queueSeconds: histogram("workqueue_queue_duration_seconds", "Time between ready and taken.", "name"),
    workSeconds: histogram("workqueue_work_duration_seconds", "Time between taken and done.", "name"),
    unfinishedSeconds: gauge("workqueue_unfinished_work_seconds", "Sum of the ages of all keys with a worker.", "name"),
    longestSeconds: gauge("workqueue_longest_running_processor_seconds", "Age of the key that is with a worker the longest.", "name"),
    leading: gauge("leader_election_master_status", "1 while this replica leads.", "name"),
    relists: counter("reflector_snapshots_total", "Complete reads of a resource type.", "type"),
    watchErrors: counter("reflector_errors_total", "Interruptions of a reflector, by code.", "type", "code"),
    storeObjects: gauge("store_objects", "Objects in a cache.", "type"),
    userCodeErrors: counter("store_function_errors_total", "Projection, index or map functions that threw.", "type", "function"),
    eventErrors: counter("event_handler_errors_total", "Handlers of raw changes that threw, by code.", "handler", "code"),
    eventHandlerDrops: counter("event_handler_dropped_total", "Raw changes that too many others waited before.", "handler"),
    eventsSent: counter("events_sent_total", "Events written, by what was done.", "verb"),
    eventsDropped: counter("events_dropped_total", "Events that were not written, by reason.", "reason"),
    requests: counter("kube_requests_total", "Responses of the API server; status 0 is no response.", "verb", "status"),
    requestSeconds: histogram("kube_request_duration_seconds", "Time to the response, retries included.", "verb"),
  };
}

/** For callers that measure nothing. */
export function noMetrics(): Metrics {
  const nothing = { increment: () => {}, set: () => {}, observe: () => {} };
  return { counter: () => nothing, gauge: () => nothing, histogram: () => nothing };
}
