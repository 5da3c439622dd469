// Every static check, two at a time: compiler (already run by the bootstrap), linters, formatters, unused code, layers.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.mjs";
import { goEnvironment } from "../controlplane/build.mjs";
import { has, log } from "./steps.mjs";

/** @typedef {{ name: string, program: string, args: string[], cwd?: string, needs?: string, env?: Record<string, string> }} Check */

const bin = (/** @type {string} */ name) => join(root, "node_modules/.bin", name);
const native = join(root, "node-agent/native");
const fakeKernel = join(native, "fake-kernel");
const wrapper = join(root, "test/controlplane");

/** @type {Check[]} */
const checks = [
  { name: "oxlint", program: bin("oxlint"), args: ["--type-aware", "--deny-warnings"] },
  {
    name: "clippy",
    program: "cargo",
    args: ["clippy", "--release", "--locked", "--quiet", "--", "-D", "warnings"],
    cwd: native,
    needs: "cargo",
  },
  {
    name: "clippy (fake)",
    program: "cargo",
    args: ["clippy", "--release", "--locked", "--quiet", "--target-dir", "../target/fake-kernel", "--", "-D", "warnings"],
    cwd: fakeKernel,
    needs: "cargo",
  },
  { name: "go vet", program: "go", args: ["vet", "."], cwd: wrapper, needs: "go", env: goEnvironment },
  { name: "biome", program: bin("biome"), args: ["check", "--diagnostic-level=error"] },
  { name: "knip", program: bin("knip"), args: ["--no-progress"] },
  { name: "rustfmt", program: "cargo", args: ["fmt", "--check"], cwd: native, needs: "cargo" },
  { name: "rustfmt (fake)", program: "cargo", args: ["fmt", "--check"], cwd: fakeKernel, needs: "cargo" },
  { name: "gofmt", program: "sh", args: ["-c", 'test -z "$(gofmt -l . | tee /dev/stderr)"'], cwd: wrapper, needs: "go" },
  { name: "layers", program: process.execPath, args: [join(root, "test/bootstrap/layers.mjs")] },
];

/** @returns {Promise<number>} exit code: 1 when any check complained */
export async function lint() {
  const queue = [...checks];
  let failures = 0;
  const worker = async () => {
    for (let check = queue.shift(); check; check = queue.shift()) failures += (await runCheck(check)) ? 0 : 1;
  };
  await Promise.all([worker(), worker()]);
  return failures === 0 ? 0 : 1;
}

/** @param {Check} check */
async function runCheck({ name, program, args, cwd = root, needs, env = {} }) {
  if (needs && !has(needs, [needs === "go" ? "version" : "--version"])) {
    log(`${name.padEnd(16)} skipped: ${needs} is missing`);
    return true;
  }
  if (!existsSync(cwd)) return true;
  const started = performance.now();
  const { code, output } = await capture(program, args, cwd, env);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  log(`${name.padEnd(16)} ${code === 0 ? "clean" : "FAILED"} (${seconds} s)`);
  if (code !== 0) process.stderr.write(`${output}\n`);
  return code === 0;
}

/** @param {string} program @param {string[]} args @param {string} cwd @param {Record<string, string>} env @returns {Promise<{ code: number, output: string }>} */
function capture(program, args, cwd, env) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    child.on("error", (error) => resolve({ code: 1, output: error.message }));
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}
