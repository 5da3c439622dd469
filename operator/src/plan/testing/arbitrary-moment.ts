/** A world together with what an unrelated world under the same names left behind: every leftover that can be, and some that cannot. */
import * as fc from "fast-check";
import { planWorld } from "../plan-world.js";
import type { PreviousPlan, World } from "../world.js";
import { rememberPlan } from "./a-world.js";
import { arbitraryWorld } from "./arbitrary-world.js";

export interface Moment {
  readonly world: World;
  readonly previous: PreviousPlan;
}

export const arbitraryMoment: fc.Arbitrary<Moment> = fc.tuple(arbitraryWorld, fc.option(arbitraryWorld)).map(([world, past]) => ({
  world,
  previous: past === null ? new Map() : rememberPlan(planWorld(past, new Map())),
}));
