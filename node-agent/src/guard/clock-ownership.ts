/** From what the guard finds to what is done about it: one writer per clock, and whoever asks is told who the other one is. */
import { type ForeignSteering, foreignSteeringGrowth } from "@meridian/engine";
import type { ClockConflict, ConflictGuard, HostTimeDaemon } from "./conflict-guard.js";

/** What became of it at this look. */
export type OwnershipNews =
  | { readonly kind: "none" }
  | { readonly kind: "conflict"; readonly conflicts: readonly ClockConflict[] }
  | { readonly kind: "resolved" };

export class ClockOwnership {
  readonly #guard: Pick<ConflictGuard, "look">;
  readonly #share: (foreign: ForeignSteering | null) => void;
  #conflicts: readonly ClockConflict[] = [];
  #told = "";
  #policy: HostTimeDaemon = "Refuse";

  /** @param share tells the engine who else steers */
  constructor(guard: Pick<ConflictGuard, "look">, share: (foreign: ForeignSteering | null) => void) {
    this.#guard = guard;
    this.#share = share;
  }

  /** Who else steers the clock, as of the last look. */
  get conflicts(): readonly ClockConflict[] {
    return this.#conflicts;
  }

  /** For a person; null: the clock is ours, or the domain has us measure beside the other one. */
  get contested(): string | null {
    if (this.#conflicts.length === 0 || this.#policy === "Observe") return null;
    const names = this.#conflicts.map(({ process }) => process || "a program that cannot be named").join(", ");
    return `${names} steers this clock: stop it, or set hostTimeDaemon of the TimeDomain to Observe`;
  }

  /**
   * @param now monotonic, s
   * @param steers the configuration has this node steer its clock: else nobody is in the way
   */
  watch(now: number, steers: boolean, policy: HostTimeDaemon): OwnershipNews {
    const conflicts = steers ? this.#guard.look(now) : [];
    const told = JSON.stringify([conflicts.map(({ process, evidence }) => [process, evidence]), conflicts.length > 0 ? policy : ""]);
    if (told === this.#told || (this.#told === "" && conflicts.length === 0)) return { kind: "none" };
    this.#told = told;
    this.#policy = policy;
    this.#conflicts = conflicts;
    this.#share(conflicts.length === 0 ? null : { growth: foreignSteeringGrowth, isRefused: policy === "Refuse" });
    return conflicts.length === 0 ? { kind: "resolved" } : { kind: "conflict", conflicts };
  }
}
