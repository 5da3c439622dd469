/**
 * Which binaries and which cluster a test uses. As envtest does: `USE_EXISTING_CLUSTER=true` takes the kubeconfig's cluster,
 * `TEST_ASSET_<COMPONENT>` or `KUBEBUILDER_ASSETS` name ready-made binaries, else those that the bootstrap built.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { labError } from "../lab/errors.js";

export type Component = "etcd" | "kube-apiserver" | "kube-controller-manager" | "kube-scheduler" | "kubectl";

const variables: Readonly<Record<Component, string>> = {
  etcd: "TEST_ASSET_ETCD",
  "kube-apiserver": "TEST_ASSET_KUBE_APISERVER",
  "kube-controller-manager": "TEST_ASSET_KUBE_CONTROLLER_MANAGER",
  "kube-scheduler": "TEST_ASSET_KUBE_SCHEDULER",
  kubectl: "TEST_ASSET_KUBECTL",
};

/** @returns the program's path, or null when this machine has none. @param built the bootstrap's folder */
export function findComponent(component: Component, built: string, env: NodeJS.ProcessEnv): string | null {
  const named = env[variables[component]];
  if (named) return named;
  const folder = env["KUBEBUILDER_ASSETS"] || built;
  const path = join(folder, component);
  return existsSync(path) ? path : null;
}

/** @throws MER_LAB_COMPONENT_MISSING */
export function requireComponent(component: Component, built: string, env: NodeJS.ProcessEnv): string {
  const path = findComponent(component, built, env);
  if (path === null)
    throw labError("MER_LAB_COMPONENT_MISSING", `no ${component}: run \`npm run build\` with Go installed, or set KUBEBUILDER_ASSETS`);
  return path;
}

export const usesExistingCluster = (env: NodeJS.ProcessEnv): boolean => env["USE_EXISTING_CLUSTER"] === "true";
