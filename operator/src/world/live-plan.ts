/**
 * The plan as of now: computed at most once per change of the world, however many controllers ask. What it decided before is
 * its own past, ahead of the cache, so that a plan half written to the API server is not planned anew in the middle.
 */
import type { Plan } from "../plan/plan.js";
import { planWorld } from "../plan/plan-world.js";
import type { PreviousPlan, World } from "../plan/world.js";

export interface LivePlanSources {
  world(): World;
  /** Specs that stand in the cluster. */
  previous(): PreviousPlan;
}

export class LivePlan {
  readonly #sources: LivePlanSources;
  #current: Plan | null = null;
  #last: Plan | null = null;

  constructor(sources: LivePlanSources) {
    this.#sources = sources;
  }

  /** Something that the planner looks at has changed. */
  invalidate(): void {
    this.#current = null;
  }

  /** What was decided in an earlier term is no past of ours: others have decided since, and the cluster shows what. */
  forget(): void {
    this.#current = null;
    this.#last = null;
  }

  get current(): Plan {
    this.#current ??= this.#compute();
    return this.#current;
  }

  #compute(): Plan {
    const previous = new Map(this.#sources.previous());
    for (const [node, { spec }] of this.#last?.nodes ?? []) previous.set(node, spec);
    const plan = planWorld(this.#sources.world(), previous);
    this.#last = plan;
    return plan;
  }
}
