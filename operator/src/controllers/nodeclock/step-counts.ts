/** Steps of the nodes' clocks as events: an agent counts its own, and whoever reads a log of the node wants to know of each. */
import type { EventToRecord } from "kopf-ts";
import type { AgentView } from "../../hub/fleet.js";

export class StepCounts {
  readonly #known = new Map<string, { readonly instance: string; readonly steps: number }>();

  /** @returns the event, when the agent's process has stepped the clock since it was last looked at */
  observe(key: string, view: AgentView | undefined): EventToRecord | null {
    if (!view?.report) return null;
    const { instance, report } = view;
    const before = this.#known.get(key);
    this.#known.set(key, { instance, steps: report.steps });
    // What it did before this operator knew the node was told by the operator before, or is history.
    if (before === undefined) return null;
    const told = before.instance === instance ? before.steps : 0;
    const steps = report.steps - told;
    if (steps <= 0) return null;
    const times = steps === 1 ? "once" : `${steps} times`;
    return { type: "Warning", reason: "ClockStepped", action: "Step", note: `the agent stepped the node's clock ${times}` };
  }

  /** Another replica has told since. */
  clear(): void {
    this.#known.clear();
  }

  forget(key: string): void {
    this.#known.delete(key);
  }
}
