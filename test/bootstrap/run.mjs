// Entry of every npm script: bootstrap what the command needs, then run it. Exit 2: something is missing, and stderr says what.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { bootstrap } from "./bootstrap.mjs";
import { root } from "./paths.mjs";
import { log } from "./steps.mjs";
import { mayAdjustClock, rerunWithoutClockRights } from "./untimed.mjs";

/** @param {string} program @param {string[]} args @returns {number} exit code */
function follow(program, args) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: "inherit" });
  if (error) throw error;
  return status ?? 1;
}
const node = (/** @type {string} */ script, /** @type {string[]} */ args) => follow(process.execPath, [join(root, script), ...args]);

/** @returns {Promise<boolean>} whether there is Helm, which renders helm/kustomize */
async function bootstrapGenerator() {
  try {
    await bootstrap({ parts: ["compile", "helm"] });
    return true;
  } catch (error) {
    if (error?.code !== "MER_BOOTSTRAP_MISSING") throw error;
    for (const line of error.message.split("\n")) log(`missing          ${line}`);
    return false;
  }
}

/** @type {Record<string, (args: string[]) => Promise<number>>} */
const commands = {
  async build() {
    await bootstrap({ parts: ["compile", "native", "controlplane", "bundles"] });
    return 0;
  },
  async demo(args) {
    const peer = args.includes("--peer");
    await bootstrap({ parts: ["compile", "native", "controlplane", "bundles"], tools: peer ? ["ip", "ptp4l"] : ["ip"] });
    return node("test/dist/demo/main.js", args);
  },
  async test(args) {
    try {
      await bootstrap({
        parts: ["compile", "native", "controlplane", "helm", "bundles"],
        tools: ["ip", "ptp4l", "chronyd", "tshark", "faketime"],
      });
    } catch (error) {
      // Tests that need what is missing skip by name; the others run.
      if (error?.code !== "MER_BOOTSTRAP_MISSING") throw error;
      for (const line of error.message.split("\n")) log(`missing          ${line}`);
    }
    return node("node_modules/vitest/vitest.mjs", ["run", ...args]);
  },
  async bench(args) {
    const live = args[0] === "agent" || args[0] === "live";
    const parts = live ? ["compile", "native", "bundles"] : args[0] === "kube" ? ["compile", "controlplane"] : ["compile"];
    await bootstrap({ parts, tools: live ? ["ip", "ptp4l", "chronyd"] : [] });
    return node("test/dist/bench/main.js", args);
  },
  async "test:e2e"(args) {
    const tools = args.includes("ntp") ? /** @type {const} */ (["ip", "chronyd"]) : /** @type {const} */ (["ip"]);
    await bootstrap({ parts: ["compile", "native", "controlplane", "bundles"], tools });
    return node("test/dist/e2e/main.js", args);
  },
  async "test:interop"(args) {
    await bootstrap({ parts: ["compile", "native", "bundles"], tools: ["ip", "ptp4l", "chronyd", "tshark"] });
    return node("test/dist/interop/main.js", args);
  },
  async "test:faults"(args) {
    const agent = args[0] === "agent";
    const parts = ["compile", "native", ...(agent ? [] : ["controlplane"]), "bundles"];
    await bootstrap({ parts, tools: agent ? ["ip", "ptp4l", "chronyd"] : [] });
    return node("test/dist/faults/main.js", args);
  },
  async "test:chart"(args) {
    await bootstrap({ parts: ["compile", "controlplane", "helm", "bundles"] });
    return node("test/dist/chart/main.js", args);
  },
  async generate() {
    const helm = await bootstrapGenerator();
    const { generate } = await import("./generate.mjs");
    for (const path of await generate({ check: false, helm })) log(`wrote            ${path}`);
    if (!helm) log("not generated    helm/kustomize: it needs Helm");
    return 0;
  },
  async verify() {
    const helm = await bootstrapGenerator();
    const { generate } = await import("./generate.mjs");
    const stale = await generate({ check: true, helm });
    for (const path of stale) log(`stale            ${path}: run \`npm run generate\` and commit it`);
    if (stale.length === 0) log(`generated files  all current${helm ? "" : "; helm/kustomize by the chart's hash only"}`);
    return stale.length === 0 ? 0 : 1;
  },
  async lint() {
    await bootstrap({ parts: ["compile"] });
    const { lint } = await import("./lint.mjs");
    return lint();
  },
};

if (mayAdjustClock()) process.exit(rerunWithoutClockRights([process.execPath, ...process.execArgv, ...process.argv.slice(1)]));

const [name = "", ...args] = process.argv.slice(2);
const command = commands[name];
if (!command) {
  log(`no such command: ${name}. There are ${Object.keys(commands).join(", ")}.`);
  process.exit(2);
}
try {
  process.exitCode = await command(args);
} catch (error) {
  const missing = error?.code === "MER_BOOTSTRAP_MISSING";
  for (const line of String(error?.message ?? error).split("\n")) log(missing ? `missing: ${line}` : line);
  process.exitCode = missing ? 2 : 1;
}
