import { execFileSync } from "node:child_process";
import { basename } from "node:path";
import { expect, test } from "vitest";
import { readStartCommand } from "./start-command.js";

test.each([
  ["node-agent", "meridian-agent.mjs"],
  ["operator", "meridian-operator.mjs"],
])("%s is started with its own flags, which this Node takes", (folder, program) => {
  const { flags, bundle } = readStartCommand(folder);
  expect(basename(bundle)).toBe(program);
  expect(flags).toContainEqual(expect.stringMatching(/^--max-semi-space-size=\d+$/));
  execFileSync(process.execPath, [...flags, "--eval", "0"]);
});

test("a package without such a script is named", () => {
  expect(() => readStartCommand("proto")).toThrow("scripts.start of proto");
});
