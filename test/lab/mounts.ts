/** Mounts in a lab's own mount namespace: nothing of them is seen outside. */
import { spawnSync } from "node:child_process";
import { labError } from "./errors.js";

/** Puts a file in another one's place. @returns what undoes it. @throws MER_LAB_COMMAND_FAILED */
export function bindFile(file: string, over: string): () => void {
  run("mount", ["--bind", file, over]);
  return () => run("umount", [over]);
}

/** A file system of that size in a folder. @param kilobytes whole pages. @returns what undoes it. @throws MER_LAB_COMMAND_FAILED */
export function mountSmallDisk(directory: string, kilobytes: number): () => void {
  run("mount", ["-t", "tmpfs", "-o", `size=${String(kilobytes)}k`, "tmpfs", directory]);
  return () => run("umount", ["--lazy", directory]);
}

/** Makes a folder read-only. @returns what undoes it. @throws MER_LAB_COMMAND_FAILED */
export function mountReadOnly(directory: string): () => void {
  run("mount", ["--bind", directory, directory]);
  run("mount", ["-o", "remount,ro,bind", directory]);
  return () => run("umount", ["--lazy", directory]);
}

function run(program: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, [...args], { encoding: "utf8" });
  if (status !== 0) throw labError("MER_LAB_COMMAND_FAILED", `${program} ${args.join(" ")}: ${(error?.message ?? stderr).trim()}`);
}
