/**
 * Who may give orders. One replica of the operator leads; its epoch goes with every order, and agents refuse an older one than
 * they have obeyed, so that a leader that was replaced and does not know it yet is harmless (fencing).
 *
 * The epoch is the Lease's count of transitions. A Lease that somebody deletes or restores from a backup counts from lower than
 * what agents have seen, and they would refuse the only leader there is. So an agent says the newest epoch that it obeyed, and
 * a leader that is outranked and still holds the Lease raises its own.
 */
import type { Leadership, Log } from "kopf-ts";

/** Annotation of the Lease: host:port of the leader's hub. */
export const endpointAnnotation = "time.meridian.io/hub-endpoint";

/** At most one raise in so long: an agent that keeps claiming more costs the API server little. */
const raiseEveryMs = 10_000;
/** leaseTransitions is an int32; no agent may drive it to where no operator could take over any more. */
const mostEpoch = 2 ** 31 - 100_000;

export class HubLeadership {
  readonly #leadership: Leadership;
  readonly #ownEndpoint: () => string | null;
  readonly #log: Log;
  readonly #now: () => number;
  #raising: Promise<unknown> = Promise.resolve();
  #raisedAt = Number.NEGATIVE_INFINITY;

  /** @param ownEndpoint host:port that this replica announces; null: none. @param now monotonic ms */
  constructor(leadership: Leadership, ownEndpoint: () => string | null, log: Log, now: () => number) {
    this.#leadership = leadership;
    this.#ownEndpoint = ownEndpoint;
    this.#log = log;
    this.#now = now;
  }

  /** Null: this replica does not lead and must order nothing. */
  get epoch(): number | null {
    return this.#leadership.term?.epoch ?? null;
  }

  /** host:port of another replica's hub that leads, as far as is known here. */
  get leaderEndpoint(): string | null {
    if (this.epoch !== null || this.#leadership.holder === "") return null;
    const endpoint = this.#leadership.annotations[endpointAnnotation] ?? "";
    return endpoint === "" || endpoint === this.#ownEndpoint() ? null : endpoint;
  }

  /** @returns unsubscribe */
  subscribe(listener: () => void): () => void {
    return this.#leadership.subscribe(listener);
  }

  /**
   * Sees to it that the epoch is at least `seen`, if this replica leads, the number is possible and no other raise was just made.
   * Never throws. @param node whose agent says so
   */
  async outrank(seen: number, node: string): Promise<void> {
    const ofTurn = this.#raising.then(() => this.#raise(seen, node));
    this.#raising = ofTurn;
    await ofTurn;
  }

  async #raise(seen: number, node: string): Promise<void> {
    const { epoch } = this;
    if (epoch === null || seen <= epoch) return;
    if (this.#now() - this.#raisedAt < raiseEveryMs) return;
    this.#raisedAt = this.#now();
    // How far ahead is no sign of a lie: a Lease that was lost counts from 1, after however many leaders.
    if (!Number.isSafeInteger(seen) || seen > mostEpoch) {
      this.#log.warn({ code: "MER_HUB_EPOCH", node, seen, epoch }, "an agent claims an epoch that cannot be");
      return;
    }
    const raised = await this.#leadership.raiseEpoch(seen);
    const what = raised ? "raised the leader's epoch: an agent had seen a newer one" : "cannot raise the leader's epoch now";
    this.#log.warn({ code: "MER_HUB_EPOCH", node, epoch, seen }, what);
  }
}
