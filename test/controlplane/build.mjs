// Builds the Go wrapper into one binary and links its components to it. Cached by content hash: four minutes once, nothing after.
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { hashFiles, hashOf, has, MissingError, run } from "../bootstrap/steps.mjs";
import { cache } from "../bootstrap/paths.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const components = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"];
/** Of k8s.io/kubernetes in go.mod: what /version answers. */
const kubernetesVersion = "v1.36.3";

/** What the build is made with; vet needs the same, or it compiles Kubernetes once more. */
export const goEnvironment = { CGO_ENABLED: "0", GOFLAGS: "-mod=readonly -trimpath" };

/** Where this source's binaries are, built or not. */
export function controlPlaneBinaries() {
  const sources = ["go.mod", "go.sum", "main.go"].map((file) => join(here, file));
  return join(cache, "controlplane", hashOf([hashFiles(sources), process.platform, process.arch]));
}

/**
 * @param {{ log: (text: string) => void }} options
 * @returns {Promise<"cached" | "built" | "not needed">}
 */
export async function buildControlPlane({ log }) {
  if (process.env.KUBEBUILDER_ASSETS || process.env.USE_EXISTING_CLUSTER === "true") return "not needed";
  const directory = controlPlaneBinaries();
  if (existsSync(join(directory, "kubectl"))) return "cached";
  if (!has("go", ["version"])) {
    throw new MissingError(
      "Go is missing: it builds the Kubernetes control plane",
      "Install Go ≥ 1.26 (https://go.dev/dl), or set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kubectl.",
    );
  }
  log("control plane    building Kubernetes (4 to 6 minutes, once)");
  const building = `${directory}.${process.pid}`;
  mkdirSync(building, { recursive: true });
  try {
    const flags = `-s -w -X k8s.io/component-base/version.gitVersion=${kubernetesVersion}`;
    await run("go", ["build", "-ldflags", flags, "-o", join(building, "kube"), "."], {
      cwd: here,
      env: { ...process.env, ...goEnvironment },
    });
    for (const component of components) symlinkSync("kube", join(building, component));
    rmSync(directory, { recursive: true, force: true });
    renameSync(building, directory);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return "built";
}
