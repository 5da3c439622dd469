// Where things are: the repository, and the cache that builds survive in.
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
export const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "meridian");
