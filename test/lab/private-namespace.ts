/**
 * A lab runs in a network and mount namespace of its own: nothing it makes is visible outside, and everything is gone when its
 * last process ends. Root needs nothing more; others need unprivileged user namespaces.
 */
import { spawn, spawnSync } from "node:child_process";
import { labError } from "./errors.js";

const inside = "MERIDIAN_LAB_INSIDE";
const asRoot = ["--net", "--mount"];
const asUser = ["--user", "--map-root-user", "--net", "--mount"];

/** @returns unshare's flags that work here, or null when neither way does */
export function findNamespaceFlags(): readonly string[] | null {
  const candidates = process.getuid?.() === 0 ? [asRoot, asUser] : [asUser];
  return candidates.find((flags) => spawnSync("unshare", [...flags, "--", "true"], { stdio: "ignore" }).status === 0) ?? null;
}

/**
 * Runs this very program again inside new namespaces.
 * @returns its exit code, or null when we are inside already and the caller should go on
 * @throws MER_LAB_NO_NAMESPACES
 */
export async function enterPrivateNamespace(argv: readonly string[]): Promise<number | null> {
  if (process.env[inside] !== undefined) {
    prepareNamespace();
    return null;
  }
  const flags = findNamespaceFlags();
  if (flags === null) {
    throw labError(
      "MER_LAB_NO_NAMESPACES",
      "this user may not make network namespaces: run as root, or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1 or kernel.apparmor_restrict_unprivileged_userns=0)",
    );
  }
  // If we are killed, the lab is told to end in order.
  const program = ["setpriv", "--pdeathsig", "TERM", "--", process.execPath, ...argv];
  const child = spawn("unshare", [...flags, "--", ...program], {
    stdio: "inherit",
    env: { ...process.env, [inside]: flags.includes("--user") ? "user" : "root" },
  });
  // The terminal sends Ctrl-C to both; a plain kill reaches only us, and must reach the lab.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(signal === null ? (code ?? 1) : 1));
  });
}

/** Whoever wants to look inside needs to enter the user namespace as well. */
export const insideUserNamespace = (): boolean => process.env[inside] === "user";

/** Loopback up, and a /run of our own for the names of network namespaces. */
function prepareNamespace(): void {
  runIp(["link", "set", "lo", "up"]);
  run("mount", ["-t", "tmpfs", "tmpfs", "/run"]);
}

/** @throws MER_LAB_COMMAND_FAILED */
export function runIp(args: readonly string[]): void {
  run("ip", args);
}

function run(program: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, [...args], { encoding: "utf8" });
  if (status !== 0) throw labError("MER_LAB_COMMAND_FAILED", `${program} ${args.join(" ")}: ${(error?.message ?? stderr).trim()}`);
}
