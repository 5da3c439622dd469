import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../../..");
const readme = readFileSync(resolve(import.meta.dirname, "../README.md"), "utf8");
const examples = Array.from(readme.matchAll(/^```ts\n(.*?)^```/gms), (match) => match[1] as string);

describe("the examples of the README", () => {
  // Inside of the repository, so that packages are found; dist is nobody's source.
  const dist = resolve(import.meta.dirname, "../dist");
  mkdirSync(dist, { recursive: true });
  const folder = mkdtempSync(join(dist, "readme-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("compile, one after the other in one file", () => {
    expect(examples.length).toBeGreaterThan(1);
    writeFileSync(join(folder, "example.ts"), examples.join("\n"));
    const compilerOptions = { composite: false, declaration: false, noEmit: true, customConditions: ["meridian-source"] };
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ extends: join(root, "tsconfig.base.json"), compilerOptions, files: ["example.ts"] }),
    );
    const compile = (): string => {
      try {
        return execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder], {
          encoding: "utf8",
          cwd: root,
        });
      } catch (error) {
        return (error as { readonly stdout: string }).stdout;
      }
    };
    expect(compile()).toBe("");
  });
});
