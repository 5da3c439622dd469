/** 13: two grandmasters that are called independent drift together at 1 ns/s; NTP is the third, with a voice or only watching. */
import type { SourceUse } from "@meridian/engine";
import type { Exclusion } from "./fault-event.js";
import { type FaultVariant, inWorld } from "./fault-scenario.js";
import { linkOf, ntpStyle, ptpStyle, worldOf } from "./worlds.js";

const [at, until] = [1000.4, 5000];

/** @param rate ns/s. @param jitter of the NTP source, ns. @param poll its interval, s */
function drifting(name: string, rate: number, use: SourceUse, { jitter, poll }: { jitter: number; poll: number }): FaultVariant {
  return inWorld(name, () => {
    const error = (now: number): number => rate * Math.max(0, now - at);
    const ptp = { ...ptpStyle, interval: 1 };
    const pair = ["l0", "l1"].map((id) => linkOf(ptp, id, 1e4, { error }));
    const third = linkOf({ ...ntpStyle, jitter, interval: poll }, "n", 1e5);
    const links = [...pair, { ...third, config: { ...third.config, use } }];
    const size = Math.abs(rate) * (until - at);
    // Two of three, or of two with a vote, that lie alike are a majority.
    const excluded: Exclusion = "FalseMajority";
    return { world: worldOf(links, until + 1), events: [{ at, until, over: null, size, excluded }] };
  });
}

export const driftingPair: readonly FaultVariant[] = [
  drifting("watchdog.1us", 1, "Watchdog", { jitter: 1000, poll: 1 }),
  drifting("watchdog.10us", 1, "Watchdog", { jitter: 10_000, poll: 16 }),
  drifting("third.1us", 1, "Primary", { jitter: 1000, poll: 1 }),
  drifting("third.10us", -1, "Primary", { jitter: 10_000, poll: 16 }),
  drifting("fallback.1us", 1, "Fallback", { jitter: 1000, poll: 1 }),
];
