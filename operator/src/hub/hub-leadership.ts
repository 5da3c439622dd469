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

/** Further ahead than any number of operators could have come: an agent that says so is wrong, and raises nothing. */
const farthest = 1000;
/** leaseTransitions is an int32; nobody may drive it to where no operator could take over any more. */
const mostEpoch = 2 ** 31 - 100_000;

export class HubLeadership {
  readonly #leadership: Leadership;
  readonly #ownEndpoint: () => string | null;
  readonly #log: Log;
  #raising: Promise<unknown> = Promise.resolve();

  /** @param ownEndpoint host:port that this replica announces; null: none */
  constructor(leadership: Leadership, ownEndpoint: () => string | null, log: Log) {
    this.#leadership = leadership;
    this.#ownEndpoint = ownEndpoint;
    this.#log = log;
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

  /** Sees to it that the epoch is at least `seen`, if this replica leads and the number is possible. Never throws. */
  async outrank(seen: number): Promise<void> {
    const ofTurn = this.#raising.then(() => this.#raise(seen));
    this.#raising = ofTurn;
    await ofTurn;
  }

  async #raise(seen: number): Promise<void> {
    const { epoch } = this;
    if (epoch === null || seen <= epoch) return;
    if (!Number.isSafeInteger(seen) || seen - epoch > farthest || seen > mostEpoch) {
      this.#log.warn({ seen, epoch }, "an agent claims an epoch that cannot be");
      return;
    }
    if (await this.#leadership.raiseEpoch(seen))
      this.#log.warn({ from: epoch, to: seen }, "raised the leader's epoch: agents had seen a newer one");
    else this.#log.warn({ seen, epoch }, "cannot raise the leader's epoch now");
  }
}
