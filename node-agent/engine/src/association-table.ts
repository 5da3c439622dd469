/**
 * The sockets of the associations, and how they come back: one that is lost (name that does not resolve, nobody listening) is opened
 * again after 1, 2, 4 … 30 s for ever. A socket that opens proves nothing, UDP always does: only an answer begins the count anew.
 */
import type { AssociationConfig, EngineConfig } from "./engine-config.js";
import type { ClockId } from "./ensemble/measurement.js";
import type { Action, AssociationId } from "./host.js";
import { reopenDelay } from "./reopen-delay.js";
import type { Raw } from "./time/units.js";

export interface AssociationNeed {
  /** IPv4 or a name. */
  readonly address: string;
  readonly udpPort: number;
  readonly clock: ClockId;
  readonly dscp: number;
}

export interface AssociationState {
  readonly need: AssociationNeed;
  /** IPv4, dotted: the server's, and the one that we send from. Known while the socket is open. */
  readonly opened: { readonly address: string; readonly localAddress: string } | null;
  /** Why it is not open: errno or the resolver's word; null while open or opening. */
  readonly lostBecause: string | null;
  /** Raw time of the next attempt; infinite unless lost. */
  readonly retryAt: Raw;
  readonly attempts: number;
}

export const associationIdOf = ({ source }: Pick<AssociationConfig, "source">): AssociationId => `ntp/${source}`;

/** What each association needs of the host. */
export function associationNeeds({ associations, clock }: EngineConfig): Map<AssociationId, AssociationNeed> {
  return new Map(
    associations.map((config) => [associationIdOf(config), { address: config.address, udpPort: config.port, clock, dscp: config.dscp }]),
  );
}

export class AssociationTable {
  readonly #associations = new Map<AssociationId, AssociationState>();

  get(association: AssociationId): AssociationState | undefined {
    return this.#associations.get(association);
  }

  entries(): Iterable<[AssociationId, AssociationState]> {
    return this.#associations.entries();
  }

  /** Opens what is new, closes what is no longer needed, reopens what changed; the others keep running. */
  configure(needs: ReadonlyMap<AssociationId, AssociationNeed>, out: Action[]): void {
    for (const [association, { need }] of this.#associations) {
      const wanted = needs.get(association);
      if (wanted && sameNeed(wanted, need)) continue;
      this.#associations.delete(association);
      out.push({ kind: "CloseAssociation", association });
    }
    for (const [association, need] of needs) if (!this.#associations.has(association)) this.#open(association, need, 0, out);
  }

  ready(association: AssociationId, address: string, localAddress: string): void {
    const state = this.#associations.get(association);
    if (!state) return;
    const opened = { address, localAddress };
    this.#associations.set(association, { ...state, opened, lostBecause: null, retryAt: Number.POSITIVE_INFINITY });
  }

  /** The server answers. */
  answered(association: AssociationId): void {
    const state = this.#associations.get(association);
    if (state && state.attempts > 0) this.#associations.set(association, { ...state, attempts: 0 });
  }

  lost(association: AssociationId, code: string, at: Raw): void {
    const state = this.#associations.get(association);
    if (!state) return;
    const retryAt = at + reopenDelay(state.attempts);
    this.#associations.set(association, { ...state, opened: null, lostBecause: code, retryAt, attempts: state.attempts + 1 });
  }

  /** Its name is to be resolved anew. */
  reopen(association: AssociationId, out: Action[]): void {
    const state = this.#associations.get(association);
    if (!state) return;
    out.push({ kind: "CloseAssociation", association });
    this.#open(association, state.need, state.attempts, out);
  }

  /** Tries the lost ones whose time has come. */
  retry(at: Raw, out: Action[]): void {
    for (const [association, state] of this.#associations)
      if (at >= state.retryAt) this.#open(association, state.need, state.attempts, out);
  }

  deadline(): Raw {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { retryAt } of this.#associations.values()) earliest = Math.min(earliest, retryAt);
    return earliest;
  }

  #open(association: AssociationId, need: AssociationNeed, attempts: number, out: Action[]): void {
    this.#associations.set(association, { need, opened: null, lostBecause: null, retryAt: Number.POSITIVE_INFINITY, attempts });
    out.push({ kind: "OpenAssociation", association, ...need });
  }
}

function sameNeed(a: AssociationNeed, b: AssociationNeed): boolean {
  return a.address === b.address && a.udpPort === b.udpPort && a.clock === b.clock && a.dscp === b.dscp;
}
