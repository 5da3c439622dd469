/** The ports and associations that are not open, in words: asked once per failed attempt, because the answer may look through all processes. */
import type { PortId } from "@meridian/engine";
import { explainAssociation, explainPort, type PortTrouble } from "./port-report.js";

export type PortNews =
  | { readonly kind: "opened" }
  | { readonly kind: "trouble"; readonly trouble: PortTrouble }
  /** Still the same, or opened for the first time. */
  | { readonly kind: "none" };

export class PortTroubles {
  readonly #troubles = new Map<PortId, PortTrouble>();

  get all(): ReadonlyMap<PortId, PortTrouble> {
    return this.#troubles;
  }

  /** @param because null: it is open; else errno or MER_… name. @returns what is worth telling */
  change(port: PortId, because: string | null): PortNews {
    const before = this.#troubles.get(port);
    if (because === null) return this.#troubles.delete(port) ? { kind: "opened" } : { kind: "none" };
    // No interface has a slash in its name.
    const trouble = port.startsWith("ntp/") ? explainAssociation(port, because) : explainPort(port, because);
    this.#troubles.set(port, trouble);
    return before?.message === trouble.message ? { kind: "none" } : { kind: "trouble", trouble };
  }
}
