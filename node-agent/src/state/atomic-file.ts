/** A small file that is either the old or the new one, whatever happens in between, and that notices damage. */
import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { makeDirectory } from "./make-directory.js";

/** Four times the largest message of the hub. */
const largestFile = 1 << 20;
/** First line of every file: format name, version, SHA-256 of the rest. */
const format = "meridian-state 1";

/** Writes atomically: temporary file, fsync, rename; readable by the owner only. @throws an errno error when the disk refuses */
export function writeStateFile(path: string, content: Uint8Array): void {
  makeDirectory(dirname(path), 0o700);
  const temporary = `${path}.new`;
  const descriptor = openSync(temporary, "w", 0o600);
  try {
    // Not writeSync, which may write a part only.
    writeFileSync(descriptor, enclose(content));
    fsyncSync(descriptor);
    renameSync(temporary, path);
  } catch (error) {
    // A full disk keeps what it could take: nobody reads that, and it needs the room of the next attempt.
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/**
 * The same without waiting for the disk: one that hangs keeps a thread of Node's pool, not the event loop. One at a time per path.
 * @throws an errno error when the disk refuses
 */
export async function writeStateFileLater(path: string, content: Uint8Array): Promise<void> {
  makeDirectory(dirname(path), 0o700);
  // A name of its own: the process may end, and write at once, while this is under way.
  const temporary = `${path}.later`;
  const file = await open(temporary, "w", 0o600);
  try {
    await file.writeFile(enclose(content));
    await file.sync();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/**
 * @returns null when there is none; "damaged" when there is one that must not be believed; "unreadable" when something stands there
 * that cannot be read now, or is no file of ours: what it holds may be good, and stays
 */
export function readStateFile(path: string): Uint8Array | "damaged" | "unreadable" | null {
  const bytes = readRegularFile(path);
  if (bytes === null || bytes === "damaged" || bytes === "unreadable") return bytes;
  const end = bytes.indexOf(0x0a);
  const content = bytes.subarray(end + 1);
  return end >= 0 && bytes.subarray(0, end).toString() === `${format} ${digestOf(content)}` ? content : "damaged";
}

/** Whatever stands there: a pipe must not hang the start, a link must not lead elsewhere, and nothing is read without end. */
function readRegularFile(path: string): Buffer | "damaged" | "unreadable" | null {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    return code === "ENOENT" || code === "ENOTDIR" ? null : "unreadable";
  }
  try {
    const about = fstatSync(descriptor);
    if (!about.isFile()) return "unreadable";
    return about.size <= largestFile ? readFileSync(descriptor) : "damaged";
  } catch {
    return "unreadable";
  } finally {
    closeSync(descriptor);
  }
}

const enclose = (content: Uint8Array): Buffer => Buffer.concat([Buffer.from(`${format} ${digestOf(content)}\n`), content]);

const digestOf = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex");
