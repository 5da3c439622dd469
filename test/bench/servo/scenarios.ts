/** Every scenario of the servo benchmark, in the order in which it is shown. */
import { holdoverWorlds } from "./holdover-worlds.js";
import { lockWorlds } from "./lock-worlds.js";
import { measuredWorlds } from "./measured-worlds.js";
import { furtherWorlds, robustWorlds } from "./robust-worlds.js";
import type { Scenario } from "./scenario.js";

export const scenarios: readonly Scenario[] = [...measuredWorlds, ...holdoverWorlds, ...lockWorlds, ...robustWorlds, ...furtherWorlds];
