// What a bootstrap is made of: each step says what it does, does it only when its inputs changed, and reports how long it took.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { spawn, spawnSync } from "node:child_process";

/** A thing this machine lacks: one line for the user, no stack trace. */
export class MissingError extends Error {
  /** @param {string} what @param {string} remedy */
  constructor(what, remedy) {
    super(`${what}. ${remedy}`);
    this.code = "MER_BOOTSTRAP_MISSING";
  }
}

/** @param {string} text */
export function log(text) {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)}  ${text}\n`);
}

/**
 * Runs one step and reports its outcome and time.
 * @param {string} name @param {() => Promise<string>} run resolves to "built", "cached", …
 */
export async function step(name, run) {
  const started = performance.now();
  const outcome = await run();
  const seconds = (performance.now() - started) / 1000;
  if (outcome !== "") log(`${name.padEnd(16)} ${outcome} (${seconds.toFixed(1)} s)`);
}

/** @param {readonly (string | Buffer)[]} parts */
export function hashOf(parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex").slice(0, 20);
}

/** By name and content, wherever the clone is. @param {readonly string[]} paths */
export const hashFiles = (paths) => hashOf(paths.flatMap((path) => [basename(path), readFileSync(path)]));

/** Whether `stamp` holds `hash`; write it with `remember` once the work is done. @param {string} stamp @param {string} hash */
export const isCurrent = (stamp, hash) => existsSync(stamp) && readFileSync(stamp, "utf8") === hash;

/** Atomic, so that an interrupted run never leaves a stamp that lies. @param {string} stamp @param {string} hash */
export function remember(stamp, hash) {
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(`${stamp}.${process.pid}`, hash);
  renameSync(`${stamp}.${process.pid}`, stamp);
}

/** Whether a program is on the path. @param {string} program @param {string[]} args */
export function has(program, args = ["--version"]) {
  return spawnSync(program, args, { stdio: "ignore" }).error === undefined;
}

/**
 * Runs a program quietly; on failure its last lines are the message.
 * @param {string} program @param {string[]} args @param {{cwd?: string, env?: NodeJS.ProcessEnv, loud?: boolean}} [options]
 * @returns {Promise<void>}
 */
export function run(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: options.loud ? "inherit" : ["ignore", "pipe", "pipe"],
    });
    let output = "";
    const keep = (/** @type {Buffer} */ chunk) => {
      output = (output + chunk.toString()).slice(-8000);
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) return resolve();
      const tail = output.trimEnd().split("\n").slice(-25).join("\n");
      reject(
        Object.assign(new Error(`${program} ${args.join(" ")} failed (${signal ?? code})\n${tail}`), { code: "MER_BOOTSTRAP_FAILED" }),
      );
    });
  });
}
