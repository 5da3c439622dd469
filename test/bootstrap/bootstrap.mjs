// One idempotent bootstrap for demo, test, bench and CI. Nothing is done twice; everything missing is named at once, in one line each.
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { hashFiles, hashOf, has, isCurrent, log, MissingError, remember, run, step } from "./steps.mjs";
import { root } from "./paths.mjs";

/** @typedef {"packages" | "compile" | "native" | "controlplane" | "bundles" | "helm"} Part */

/** Debian packages by the program they are needed for. Names only: another distribution's user installs the same tools. */
const debian = { ip: "iproute2", ptp4l: "linuxptp", faketime: "faketime", chronyd: "chrony", tshark: "tshark" };

/**
 * @param {{ parts: readonly Part[], tools?: readonly (keyof typeof debian)[] }} wanted
 * @returns {Promise<void>}
 * @throws {MissingError} naming everything that is missing, one line each
 */
export async function bootstrap({ parts, tools = [] }) {
  const missing = [];
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    throw new MissingError(`Node ${process.versions.node} is too old`, "Install Node ≥ 20.19.");
  const attempt = async (/** @type {string} */ name, /** @type {() => Promise<string>} */ work) => {
    try {
      await step(name, work);
    } catch (error) {
      if (!(error instanceof MissingError)) throw error;
      missing.push(error.message);
    }
  };
  await step("npm packages", installPackages);
  if (parts.includes("compile")) await step("TypeScript", compile);
  if (parts.includes("native")) {
    const { buildNative } = await import(join(root, "node-agent/native/build.mjs"));
    await attempt("native module", () => buildNative({ log }));
  }
  if (parts.includes("controlplane")) {
    const { buildControlPlane } = await import(join(root, "test/controlplane/build.mjs"));
    await attempt("control plane", () => buildControlPlane({ log }));
  }
  if (parts.includes("helm")) {
    const { fetchHelm } = await import(join(root, "test/chart/fetch-helm.mjs"));
    await attempt("Helm", fetchHelm);
  }
  if (parts.includes("bundles")) await step("bundles", buildBundles);
  if (tools.length > 0) await attempt("system tools", () => installTools(tools));
  if (missing.length > 0) throw Object.assign(new Error(missing.join("\n")), { code: "MER_BOOTSTRAP_MISSING" });
}

async function installPackages() {
  const stamp = join(root, "node_modules/.meridian-lock");
  const hash = hashFiles([join(root, "package-lock.json")]);
  if (isCurrent(stamp, hash)) return "";
  await run("npm", ["ci", "--no-audit", "--no-fund"], { cwd: root });
  remember(stamp, hash);
  return "installed";
}

async function compile() {
  await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-b", root], { cwd: root });
  return "compiled";
}

/** The two programs as single files: what an image holds, and what labs run. */
async function buildBundles() {
  const { buildOperator } = await import(join(root, "operator/build.mjs"));
  const { buildAgent } = await import(join(root, "node-agent/build.mjs"));
  const stamp = join(root, "node_modules/.meridian-bundles");
  const hash = hashOf(["operator", "node-agent", "proto", "crds"].flatMap((folder) => newest(join(root, folder))));
  if (isCurrent(stamp, hash)) return "cached";
  await buildOperator({ log });
  await buildAgent({ log });
  remember(stamp, hash);
  return "built";
}

/** Name, size and time of every source below a folder: cheap, and wrong only in the direction of building again. @param {string} folder @returns {string[]} */
function newest(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ["node_modules", "dist", "target"].includes(entry.name) ? [] : newest(path);
    const { size, mtimeMs } = statSync(path);
    return [`${path} ${size} ${mtimeMs}`];
  });
}

/** @param {readonly (keyof typeof debian)[]} tools */
async function installTools(tools) {
  const isAbsent = (/** @type {keyof typeof debian} */ tool) => !has(tool, tool === "ip" ? ["-V"] : ["-v"]);
  const absent = tools.filter(isAbsent);
  if (absent.length === 0) return "present";
  const packages = absent.map((tool) => debian[tool]);
  if (process.getuid?.() !== 0 || !has("apt-get")) {
    throw new MissingError(`${absent.join(", ")} not found`, `Install the packages ${packages.join(" ")} (Debian's names).`);
  }
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const install = ["install", "-y", "--no-install-recommends", ...packages];
  try {
    await run("apt-get", install, { env });
  } catch {
    await run("apt-get", ["update"], { env });
    await run("apt-get", install, { env });
  }
  const still = tools.filter(isAbsent);
  if (still.length > 0) throw new MissingError(`${still.join(", ")} installed, but not on the PATH`, "Add /usr/sbin to it.");
  return `installed ${packages.join(" ")}`;
}
