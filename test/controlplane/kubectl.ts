/** kubectl as a user has it: labs talk to the cluster with nothing else. */
import { spawn } from "node:child_process";
import { labError } from "../lab/errors.js";

export interface Kubectl {
  /** Path of the program and its --kubeconfig: what a person types to do the same. */
  readonly commandLine: string;
  /** @returns standard output. @throws MER_LAB_COMMAND_FAILED with what kubectl said */
  run(args: readonly string[], input?: string): Promise<string>;
  /** As run, but what kubectl printed is the answer whatever its exit code. */
  try(args: readonly string[]): Promise<string>;
  /** `get … -o json`, parsed. */
  get<T>(args: readonly string[]): Promise<T>;
  /** Server-side apply of any number of objects. */
  apply(objects: readonly object[], ...flags: string[]): Promise<string>;
}

export function createKubectl(program: string, kubeconfig: string): Kubectl {
  const call = (args: readonly string[], input?: string): Promise<{ code: number | null; output: string; complaint: string }> =>
    new Promise((resolve, reject) => {
      const child = spawn(program, ["--kubeconfig", kubeconfig, ...args], { stdio: ["pipe", "pipe", "pipe"] });
      let output = "";
      let complaint = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text));
      child.stdin.on("error", () => undefined); // kubectl may end before it has read everything; its exit says why
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, output, complaint }));
      child.stdin.end(input ?? "");
    });
  const run = async (args: readonly string[], input?: string): Promise<string> => {
    const { code, output, complaint } = await call(args, input);
    if (code !== 0) throw labError("MER_LAB_COMMAND_FAILED", `kubectl ${args.join(" ")}: ${complaint.trim()}`);
    return output;
  };
  return {
    commandLine: `${program} --kubeconfig ${kubeconfig}`,
    run,
    try: async (args) => {
      const { output, complaint } = await call(args);
      return output + complaint;
    },
    get: async <T>(args: readonly string[]) => JSON.parse(await run(["get", ...args, "-o", "json"])) as T,
    apply: (objects, ...flags) =>
      run(
        ["apply", "--server-side", "--field-manager", "lab", ...flags, "-f", "-"],
        JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }),
      ),
  };
}
