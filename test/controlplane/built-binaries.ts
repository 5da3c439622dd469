/** Where the bootstrap put the control plane's binaries: the build script itself says so, because the name is a hash of its inputs. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { repositoryRoot } from "../lab/repository.js";
import { type Component, findComponent, usesExistingCluster } from "./assets.js";

/** @returns a folder that exists only once `npm run build` ran with Go installed. */
export async function builtBinaries(): Promise<string> {
  const script = pathToFileURL(join(repositoryRoot(), "test/controlplane/build.mjs")).href;
  const build = (await import(script)) as { controlPlaneBinaries(): string };
  return build.controlPlaneBinaries();
}

const needed: readonly Component[] = ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl"];

/** @returns why no control plane can be started here, for the name of a skipped test; null: it can */
export async function missingComponents(env: NodeJS.ProcessEnv = process.env): Promise<string | null> {
  const built = await builtBinaries();
  const absent = (usesExistingCluster(env) ? (["kubectl"] as const) : needed).filter(
    (component) => findComponent(component, built, env) === null,
  );
  return absent.length === 0 ? null : `skipped: no ${absent.join(", ")}; install Go and run npm run build`;
}
