/** The answer to "are you well", separate from whoever asks: HTTP, gRPC, or a test. */

export interface CheckResult {
  readonly healthy: boolean;
  /** For people; says what is missing when unhealthy. */
  readonly detail: string;
}

/** Must answer within 5 s; throwing means unhealthy. */
export type Check = () => CheckResult | Promise<CheckResult>;

/** `live`: failing means restart me. `ready`: failing means send me no work. */
export type CheckPurpose = "live" | "ready";

export interface HealthReport {
  readonly healthy: boolean;
  readonly checks: Readonly<Record<string, CheckResult>>;
}

export interface Health {
  /** Loop lag, stuck handlers and probes registered for `live`; never depends on the API server. */
  live(): Promise<HealthReport>;
  /** Caches synced, not shutting down, and probes registered for `ready`. */
  ready(): Promise<HealthReport>;
}
