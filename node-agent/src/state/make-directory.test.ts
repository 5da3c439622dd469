import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeDirectory } from "./make-directory.js";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "meridian-folder-"))));
afterEach(() => rmSync(folder, { recursive: true }));

test("makes what is missing, for the owner alone where that is asked, and leaves what is there", () => {
  const deep = join(folder, "a/b/c");
  makeDirectory(deep, 0o700);
  expect(statSync(deep).mode & 0o777).toBe(0o700);
  makeDirectory(deep);
  expect(statSync(deep).mode & 0o777).toBe(0o700);
});

test("a file in the way is an error", () => {
  writeFileSync(join(folder, "file"), "");
  expect(() => makeDirectory(join(folder, "file"))).toThrow(expect.objectContaining({ code: "EEXIST" }));
  expect(() => makeDirectory(join(folder, "file/below"))).toThrow(expect.objectContaining({ code: "ENOTDIR" }));
});

test("a place where the kernel makes no folders is an error, and soon", () => {
  expect(() => makeDirectory("/proc/nowhere/deep/down")).toThrow(expect.objectContaining({ code: "ENOENT" }));
});
