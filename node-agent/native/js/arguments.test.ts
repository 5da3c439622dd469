import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect } from "vitest";
import { nativeTest as it } from "./testing/built-native.js";

interface Call {
  readonly name: string;
  /** The `code` of what was thrown, or a remark. */
  readonly code: string;
}

describe("every exported function", () => {
  it("answers garbage with an error that has a code, and never ends the process", () => {
    const script = fileURLToPath(new URL("testing/garbage.mjs", import.meta.url));
    const options = { encoding: "utf8", maxBuffer: 1 << 28 } as const;
    const calls: Call[] = JSON.parse(execFileSync(process.execPath, ["--expose-gc", script], options));
    expect(calls.length).toBeGreaterThan(10_000);
    const coded = /^(MER_NATIVE_(ARGUMENT|CLOSED|FORMAT|NOT_STEERABLE)|E[A-Z]+|MINE|passed)$/;
    // Wrong receivers never reach the module: V8 and napi refuse them.
    const refused = (call: Call): boolean =>
      /( on \w+| with right arguments)$/.test(call.name) && /Illegal invocation|InvalidArg/.test(call.code);
    expect(calls.filter((call) => !coded.test(call.code) && !refused(call))).toEqual([]);
    expect(calls.filter(({ code }) => code === "MINE").length).toBeGreaterThan(10);
  });
});
