/** The PTP hardware clocks of this host: those that the kernel lists and whose device is there, since a container sees the list of its host. */
import { existsSync, readdirSync } from "node:fs";
import type { PhcDescription } from "@meridian/native";

/** A host with more than that is looked at in part. */
const mostClocks = 64;

export interface PhcSource {
  /** Where the kernel lists them. */
  readonly root: string;
  /** As the native module's, which throws for one that has just gone. */
  readonly describe: (index: number) => PhcDescription;
  /** Whether a device is there. */
  readonly exists: (device: string) => boolean;
}

/** @param describe of the native module */
export const hostPhcs = (describe: PhcSource["describe"]): PhcSource => ({ root: "/sys/class/ptp", describe, exists: existsSync });

/** @returns in the order of their numbers; none on a kernel without PTP */
export function findPhcs({ root, describe, exists }: PhcSource): PhcDescription[] {
  return listIndexes(root).flatMap((index) => {
    try {
      const phc = describe(index);
      return exists(phc.device) ? [phc] : [];
    } catch {
      return []; // gone since it was listed
    }
  });
}

function listIndexes(root: string): number[] {
  try {
    const indexes = readdirSync(root).flatMap((name) => /^ptp(\d{1,3})$/.exec(name)?.[1] ?? []);
    return indexes
      .map(Number)
      .sort((a, b) => a - b)
      .slice(0, mostClocks);
  } catch {
    return [];
  }
}
