/**
 * A folder with all that leads to it. Node's own `recursive` never ends where the kernel says ENOENT to an mkdir whose parent is
 * there, as it does below /proc: a slip in a flag must not hang the agent.
 */
import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** @throws an errno error: EACCES, EROFS, ENOTDIR, ENOENT, … */
export function makeDirectory(path: string, mode = 0o777): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    const parent = dirname(path);
    if (code === "EEXIST" && statSync(path).isDirectory()) return;
    if (code !== "ENOENT" || parent === path) throw error;
    makeDirectory(parent, mode);
    mkdirSync(path, { mode });
  }
}
