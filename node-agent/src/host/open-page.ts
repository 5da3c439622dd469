/** The clock pages as a starting agent leaves them: there, and void. */
import { dirname, join } from "node:path";
import { foreignSteeringGrowth } from "@meridian/engine";
import { makeDirectory } from "../state/make-directory.js";
import type { Clock, PageLayout } from "@meridian/native";
import { agentError, codeOf, messageOf } from "../errors.js";
import { type NativeModule, nativeModule } from "../native-module.js";
import { PublishedPages } from "../publication/published-pages.js";

/** Where a hypervisor says that the machine was stopped or moved. */
const vmClockPath = "/dev/vmclock0";
/** What a disk says while it has no room or no strength: the page is made when that has passed. */
const passing = ["ENOSPC", "EDQUOT", "EIO", "EROFS", "EMFILE", "ENFILE", "ENOMEM"];
/** Where ClockBound's clients look in its folder, by their generation. */
const clockBoundFiles = [
  ["shm", "clockbound1"],
  ["shm0", "clockbound2"],
  ["shm1", "clockbound3"],
] as const satisfies readonly [file: string, layout: PageLayout][];

export interface PageFiles {
  /** Meridian's own page. */
  readonly pageFile: string;
  /** Where ClockBound's clients look for theirs; null: none are written. */
  readonly clockBoundDirectory: string | null;
  /** The node's own. */
  readonly clock: Clock;
}

/**
 * Whatever an earlier process left there is void until the engine says otherwise.
 * @param era of the clock
 * @throws MER_AGENT_PAGE_FAILED
 */
export function openVoidPages(files: PageFiles, era: number, native: NativeModule = nativeModule): PublishedPages {
  const { clock } = files;
  const steeringPpb = clock.steerable ? 0 : foreignSteeringGrowth;
  const open = ([file, layout]: readonly [string, PageLayout]) => {
    makeDirectory(dirname(file));
    return new native.ClockPage(file, { layout, clock, steeringPpb });
  };
  const wanted = listPages(files);
  try {
    const published = new PublishedPages({
      open: wanted.map((page) => () => open(page)),
      startWatch: (pages, tell) => new native.DisruptionWatch({ clock, pages, vmClockPath }, tell),
      isPassing: (error) => passing.includes(codeOf(error, "")),
      now: () => performance.now(),
    });
    publishVoid(published, era);
    return published;
  } catch (error) {
    throw agentError("MER_AGENT_PAGE_FAILED", `${wanted.map(([file]) => file).join(", ")}: ${messageOf(error)}`, error);
  }
}

/** A page that takes no void now says what it said, and ends by itself. */
function publishVoid(pages: PublishedPages, era: number): void {
  const nothing = { guaranteedNs: Number.NaN, guaranteedGrowthPpb: 0, calibratedNs: Number.NaN, calibratedGrowthPpb: 0 };
  try {
    pages.publish({ ...nothing, voidAfterSeconds: 1, status: 0, era });
  } catch (error) {
    if (!passing.includes(codeOf(error, ""))) throw error;
  }
}

function listPages({ pageFile, clockBoundDirectory }: PageFiles): [file: string, layout: PageLayout][] {
  const own: [string, PageLayout] = [pageFile, "meridian"];
  if (clockBoundDirectory === null) return [own];
  return [own, ...clockBoundFiles.map(([name, layout]): [string, PageLayout] => [join(clockBoundDirectory, name), layout])];
}
