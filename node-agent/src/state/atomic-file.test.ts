import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readStateFile, writeStateFile } from "./atomic-file.js";

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "meridian-state-"));
  path = join(folder, "deep/er/file");
});
afterEach(() => rmSync(folder, { recursive: true }));

const text = (content: ReturnType<typeof readStateFile>): string | null =>
  content === null || content === "damaged" ? content : Buffer.from(content).toString();
const write = (content: string) => writeStateFile(path, Buffer.from(content));

test("gives back what was written, whatever octets it holds", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), (content) => {
      writeStateFile(path, content);
      expect(Buffer.compare(readStateFile(path) as Uint8Array, content)).toBe(0);
    }),
    { numRuns: 30 },
  );
});

test("a file that was never written is none, not a damaged one", () => {
  expect(readStateFile(path)).toBeNull();
});

test("makes its folder, for the owner alone", () => {
  write("secret");
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("notices any octet that changed", () => {
  write("configuration");
  const good = readFileSync(path);
  for (let index = 0; index < good.length; index += 1) {
    const bad = Buffer.from(good);
    bad[index] = (bad[index] ?? 0) ^ 0x01;
    writeFileSync(path, bad);
    expect(readStateFile(path), `octet ${index}`).toBe("damaged");
  }
});

test("notices any truncation, down to nothing, and anything appended", () => {
  write("configuration");
  const good = readFileSync(path);
  for (let length = 0; length < good.length; length += 1) {
    truncateSync(path, length);
    expect(readStateFile(path), `${length} octets`).toBe("damaged");
    writeFileSync(path, good);
  }
  writeFileSync(path, Buffer.concat([good, Buffer.from([0])]));
  expect(readStateFile(path)).toBe("damaged");
});

test("does not believe a file of another version", () => {
  write("configuration");
  writeFileSync(path, readFileSync(path, "utf8").replace("meridian-state 1", "meridian-state 2"));
  expect(readStateFile(path)).toBe("damaged");
});

test("a write that died half-way leaves the old content, and the next one succeeds", () => {
  write("old");
  writeFileSync(`${path}.new`, "meridian-state 1 0123");
  expect(text(readStateFile(path))).toBe("old");
  write("new");
  expect(text(readStateFile(path))).toBe("new");
  expect(existsSync(`${path}.new`)).toBe(false);
});

test("a write that is refused throws the errno and keeps the old content", () => {
  write("old");
  // Not a permission, because root has them all: the place of the temporary file is taken.
  mkdirSync(`${path}.new`);
  expect(() => write("new")).toThrow(expect.objectContaining({ code: "EISDIR" }));
  expect(text(readStateFile(path))).toBe("old");
});

test("a folder that may not be written keeps the old content", ({ skip }) => {
  skip(process.getuid?.() === 0, "root may write everywhere");
  write("old");
  chmodSync(dirname(path), 0o500);
  try {
    expect(() => write("new")).toThrow(expect.objectContaining({ code: "EACCES" }));
    expect(text(readStateFile(path))).toBe("old");
  } finally {
    chmodSync(dirname(path), 0o700);
  }
});

test("a full disk throws, keeps the old content and leaves no litter", ({ skip }) => {
  skip(!existsSync("/dev/full"), "no /dev/full here");
  write("old");
  symlinkSync("/dev/full", `${path}.new`);
  expect(() => write("new")).toThrow(expect.objectContaining({ code: "ENOSPC" }));
  expect(text(readStateFile(path))).toBe("old");
  write("new");
  expect(text(readStateFile(path))).toBe("new");
});

test("believes no pipe, no link, no folder and nothing without end, and hangs on none of them", () => {
  const folder = dirname(path);
  write("good");
  const link = join(folder, "link");
  symlinkSync(path, link);
  expect(readStateFile(link)).toBe("unreadable");
  expect(readStateFile(folder)).toBe("unreadable");
  const huge = join(folder, "huge");
  writeFileSync(huge, Buffer.alloc((1 << 20) + 1));
  expect(readStateFile(huge)).toBe("damaged");
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  expect(readStateFile(pipe)).toBe("unreadable");
});
