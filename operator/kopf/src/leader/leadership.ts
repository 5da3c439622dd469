/**
 * The contract of leader election: of several replicas one calls handlers; the others keep their caches warm and wait.
 */

/** One spell of leading. */
export interface Term {
  /**
   * Grows with every change of holder (the Lease's `leaseTransitions`), ≥ 1. Whoever obeys the highest epoch that it has seen is
   * safe from a leader that was replaced and does not know it yet (fencing).
   */
  readonly epoch: number;
  /** Aborts the moment the lease can no longer be counted on, always before another replica may take over, and when the operator stops. */
  readonly signal: AbortSignal;
}

export interface Leadership {
  /** Null: this replica does not lead. */
  readonly term: Term | null;
  /** Identity in the Lease as last seen; empty: nobody's. */
  readonly holder: string;
  /** The holder's annotations as last seen: how it tells the others where it is found. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Called after any change of the above. @returns unsubscribe */
  subscribe(listener: () => void): () => void;
  /**
   * Sees to it that the epoch is at least `epoch`, for a Lease that was deleted or restored from a backup and counts from lower
   * than what others have obeyed. The term's `epoch` is then the new one.
   * @returns false: this replica does not lead, could not write it, or there cannot be such an epoch (epoch.ts)
   */
  raiseEpoch(epoch: number): Promise<boolean>;
}

export interface LeaderElectionOptions {
  /** Of the Lease. */
  readonly namespace: string;
  readonly name: string;
  /** Unique per process. */
  readonly identity: string;
  /** After so long without a renewal others may take over, default 15 000 ms. */
  readonly leaseDurationMs?: number;
  /** After so long without a successful renewal the leader gives up, default 10 000 ms. */
  readonly renewDeadlineMs?: number;
  /** Between attempts, default 2 000 ms. */
  readonly retryPeriodMs?: number;
  /** Written to the Lease with every renewal. */
  readonly annotations?: () => Readonly<Record<string, string>>;
}
