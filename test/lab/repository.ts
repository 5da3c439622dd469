/** The repository's top folder, whether this runs from the sources or from dist/. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export function repositoryRoot(from = dirname(fileURLToPath(import.meta.url))): string {
  let folder = from;
  while (!existsSync(join(folder, "tsconfig.base.json"))) {
    const above = dirname(folder);
    if (above === folder) throw new Error(`${from} is in no checkout of Meridian`);
    folder = above;
  }
  return folder;
}
