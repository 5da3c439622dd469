/** The clock page as a starting agent leaves it: there, and void. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { ClockPage } from "@meridian/native";
import { agentError, messageOf } from "../errors.js";

/**
 * Whatever an earlier process left there is void until the engine says otherwise.
 * @param era of the clock
 * @throws MER_AGENT_PAGE_FAILED
 */
export function openVoidPage(file: string, era: number): ClockPage {
  try {
    mkdirSync(dirname(file), { recursive: true });
    const page = new ClockPage(file);
    page.publish({
      guaranteedNs: Number.NaN,
      guaranteedGrowthPpb: 0,
      calibratedNs: Number.NaN,
      calibratedGrowthPpb: 0,
      voidAfterSeconds: 1,
      status: 0,
      era,
    });
    return page;
  } catch (error) {
    throw agentError("MER_AGENT_PAGE_FAILED", `${file}: ${messageOf(error)}`, error);
  }
}
