/** The four kinds in the order in which a user meets them. */
import { clockProfile } from "./clockprofile.js";
import { grandmaster } from "./grandmaster.js";
import { nodeClock } from "./nodeclock.js";
import type { ResourceDefinition } from "./resource.js";
import { timeDomain } from "./timedomain.js";

export const allResources: readonly ResourceDefinition<unknown, unknown>[] = [timeDomain, grandmaster, clockProfile, nodeClock];
