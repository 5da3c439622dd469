/** Where the bootstrap put the control plane's binaries: the build script itself says so, because the name is a hash of its inputs. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { repositoryRoot } from "../lab/repository.js";

/** @returns a folder that exists only once `npm run build` ran with Go installed. */
export async function builtBinaries(): Promise<string> {
  const script = pathToFileURL(join(repositoryRoot(), "test/controlplane/build.mjs")).href;
  const build = (await import(script)) as { controlPlaneBinaries(): string };
  return build.controlPlaneBinaries();
}
