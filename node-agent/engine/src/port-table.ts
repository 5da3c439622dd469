/**
 * The ports that the configured instances need, and how they come back: a port that is lost (interface gone, socket taken) is
 * opened again after 1, 2, 4 … 30 s for ever. No port is ever faulty for good, and none waits for another.
 */
import type { ClockId } from "./ensemble/measurement.js";
import type { Action, PortId } from "./host.js";
import { reopenDelay } from "./reopen-delay.js";
import type { Raw } from "./time/units.js";
import { type ClockIdentity, clockIdentityOf } from "./wire/ptp/identity.js";

export interface PortNeed {
  readonly clock: ClockId;
  readonly dscp: number;
  /** A timeTransmitter must answer Delay_Req at once; a timeReceiver may read its event socket lazily. */
  readonly answersRequests: boolean;
}

export interface PortState {
  readonly need: PortNeed;
  /** Known while the port is open. */
  readonly identity: ClockIdentity | null;
  /** Why it is not open: errno or MER_NATIVE_… name; null while open or opening. */
  readonly lostBecause: string | null;
  /** Raw time of the next attempt; infinite unless lost. */
  readonly retryAt: Raw;
  readonly attempts: number;
}

export class PortTable {
  readonly #ports = new Map<PortId, PortState>();

  get(port: PortId): PortState | undefined {
    return this.#ports.get(port);
  }

  entries(): Iterable<[PortId, PortState]> {
    return this.#ports.entries();
  }

  /** Opens what is new, closes what is no longer needed, reopens what changed; the others keep running. */
  configure(needs: ReadonlyMap<PortId, PortNeed>, out: Action[]): void {
    for (const [port, { need }] of this.#ports) {
      const wanted = needs.get(port);
      if (wanted && sameNeed(wanted, need)) continue;
      this.#ports.delete(port);
      out.push({ kind: "ClosePort", port });
    }
    for (const [port, need] of needs) {
      if (!this.#ports.has(port)) this.#open(port, need, 0, out);
    }
  }

  ready(port: PortId, hardwareAddress: Uint8Array): void {
    const state = this.#ports.get(port);
    if (!state) return;
    this.#ports.set(port, {
      ...state,
      identity: clockIdentityOf(hardwareAddress),
      lostBecause: null,
      retryAt: Number.POSITIVE_INFINITY,
      attempts: 0,
    });
  }

  lost(port: PortId, code: string, at: Raw): void {
    const state = this.#ports.get(port);
    if (!state) return;
    const retryAt = at + reopenDelay(state.attempts);
    this.#ports.set(port, { ...state, identity: null, lostBecause: code, retryAt, attempts: state.attempts + 1 });
  }

  /** Tries the lost ports whose time has come. */
  retry(at: Raw, out: Action[]): void {
    for (const [port, state] of this.#ports) {
      if (at >= state.retryAt) this.#open(port, state.need, state.attempts, out);
    }
  }

  deadline(): Raw {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { retryAt } of this.#ports.values()) earliest = Math.min(earliest, retryAt);
    return earliest;
  }

  #open(port: PortId, need: PortNeed, attempts: number, out: Action[]): void {
    // `lostBecause` of the last attempt is dropped on purpose: it is being tried now, and lost() will say so again.
    this.#ports.set(port, { need, identity: null, lostBecause: null, retryAt: Number.POSITIVE_INFINITY, attempts });
    out.push({ kind: "OpenPort", port, ...need });
  }
}

function sameNeed(a: PortNeed, b: PortNeed): boolean {
  return a.clock === b.clock && a.dscp === b.dscp && a.answersRequests === b.answersRequests;
}
