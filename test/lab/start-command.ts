/** How a program of ours is started, read from where everybody finds it: `scripts.start` of its package, which an image runs as well. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "./repository.js";

export interface StartCommand {
  /** Of Node and V8. */
  readonly flags: readonly string[];
  /** Absolute path. */
  readonly bundle: string;
}

/** @param folder of the package, relative to the repository's. @throws Error when it has no such script: that is a bug of the package */
export function readStartCommand(folder: string): StartCommand {
  const home = join(repositoryRoot(), folder);
  const { scripts } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as { scripts?: { start?: string } };
  const [program, ...words] = scripts?.start?.split(" ") ?? [];
  const bundle = words.pop();
  if (program !== "node" || bundle === undefined) throw new Error(`scripts.start of ${folder} is not "node <flags> <bundle>"`);
  return { flags: words, bundle: join(home, bundle) };
}
