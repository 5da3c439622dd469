// Builds the native module with plain cargo, or takes it from the cache when nothing that goes into it has changed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "meridian-native.node");

/** Name of the build: everything that determines its result. @param {string} rustc */
function hashInputs(rustc) {
  const hash = createHash("sha256").update(`${rustc}\0${process.platform}\0${process.arch}\0`);
  const sources = readdirSync(join(here, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".rs"))
    .sort()
    .map((file) => join("src", file));
  for (const file of ["Cargo.toml", "Cargo.lock", "build.rs", ...sources]) hash.update(`${file}\0`).update(readFileSync(join(here, file)));
  return hash.digest("hex").slice(0, 20);
}

/** Atomic: a process that has the old file mapped keeps it. @param {string} from @param {string} to */
function install(from, to) {
  const temporary = `${to}.${process.pid}`;
  copyFileSync(from, temporary);
  renameSync(temporary, to);
}

/**
 * @param {{ log: (text: string) => void }} options
 * @returns {Promise<"built" | "cached">}
 * @throws an Error with code MER_BOOTSTRAP_MISSING when there is no Rust, MER_BOOTSTRAP_FAILED when the build fails
 */
export async function buildNative({ log }) {
  const { stdout, error } = spawnSync("rustc", ["-vV"], { encoding: "utf8", cwd: here });
  if (error || spawnSync("cargo", ["--version"], { stdio: "ignore" }).error) {
    throw Object.assign(new Error("Rust is missing: it builds the native module. Install Rust ≥ 1.88 with cargo (https://rustup.rs)."), {
      code: "MER_BOOTSTRAP_MISSING",
    });
  }
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "meridian", "native");
  const cached = join(folder, `${hashInputs(stdout)}.node`);
  const hit = existsSync(cached);
  if (!hit) {
    log("native module    building (half a minute, once)");
    const build = spawnSync("cargo", ["build", "--release", "--locked", "--quiet"], { cwd: here, encoding: "utf8" });
    if (build.status !== 0) throw Object.assign(new Error(`cargo build failed\n${build.stderr}`), { code: "MER_BOOTSTRAP_FAILED" });
    mkdirSync(folder, { recursive: true });
    install(join(here, "target/release/libmeridian_native.so"), cached);
  }
  install(cached, target);
  return hit ? "cached" : "built";
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const outcome = await buildNative({ log: (text) => process.stderr.write(`${text}\n`) });
  process.stderr.write(`native module    ${outcome}\n`);
}
