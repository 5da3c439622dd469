/**
 * Helm as a user has it, with a folder of its own for what it caches, so that nothing of this machine's user is read or changed.
 * Whoever wants a release on a control plane of theirs: `createHelm(await requireHelm(), { directory, kubeconfig: plane.kubeconfig })`.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { labError } from "../lab/errors.js";
import { repositoryRoot } from "../lab/repository.js";

export interface HelmResult {
  readonly code: number | null;
  readonly output: string;
  readonly complaint: string;
}

export interface Helm {
  /** @returns standard output. @throws MER_LAB_COMMAND_FAILED with what Helm said */
  run(args: readonly string[], input?: string): Promise<string>;
  /** As run, but a failure is an answer, too. */
  try(args: readonly string[], input?: string): Promise<HelmResult>;
}

export interface HelmOptions {
  /** For Helm's cache and configuration. */
  readonly directory: string;
  /** Absent: only what needs no cluster works, lint and template. */
  readonly kubeconfig?: string;
}

export const chartDirectory = join(repositoryRoot(), "helm/meridian");

/** @returns the program's path, or null when neither the bootstrap has fetched it nor TEST_ASSET_HELM names one */
export async function findHelm(): Promise<string | null> {
  const script = pathToFileURL(join(repositoryRoot(), "test/chart/fetch-helm.mjs")).href;
  const program = ((await import(script)) as { helmBinary(): string }).helmBinary();
  return existsSync(program) ? program : null;
}

/** @throws MER_LAB_COMPONENT_MISSING */
export async function requireHelm(): Promise<string> {
  const program = await findHelm();
  if (program === null)
    throw labError("MER_LAB_COMPONENT_MISSING", "no Helm: run `npm run test:chart`, which fetches it, or set TEST_ASSET_HELM");
  return program;
}

export function createHelm(program: string, { directory, kubeconfig }: HelmOptions): Helm {
  const env: NodeJS.ProcessEnv = { PATH: process.env["PATH"], HOME: directory };
  for (const kind of ["CACHE", "CONFIG", "DATA"]) env[`HELM_${kind}_HOME`] = join(directory, kind.toLowerCase());
  // A kubeconfig that does not exist: no command may find the user's own cluster by accident.
  env["KUBECONFIG"] = kubeconfig ?? join(directory, "no-cluster");
  const call = (args: readonly string[], input?: string): Promise<HelmResult> =>
    new Promise((resolve, reject) => {
      const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], env });
      let output = "";
      let complaint = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text));
      child.stdin.on("error", () => undefined); // Helm may end before it has read everything; its exit says why
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, output, complaint }));
      child.stdin.end(input ?? "");
    });
  return {
    try: call,
    run: async (args, input) => {
      const { code, output, complaint } = await call(args, input);
      if (code !== 0) throw labError("MER_LAB_COMMAND_FAILED", `helm ${args.join(" ")}: ${complaint.trim()}`);
      return output;
    },
  };
}
