import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { errorRegistry } from "./errors.js";

const root = import.meta.dirname;

/** Lowest first; a folder may import from its own line and from all above it. */
const layers: readonly (readonly string[])[] = [
  ["errors.ts"],
  ["clock", "log", "metrics", "object"],
  ["transport"],
  ["client"],
  ["reflector"],
  ["store"],
  ["queue"],
  ["controller", "conditions", "events", "health", "leader", "shutdown"],
  ["handlers"],
  ["index.ts"],
];

const sources = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
const product = sources.filter((file) => !file.endsWith(".test.ts") && !file.startsWith("testing/"));

function importsOf(file: string): string[] {
  return Array.from(readFileSync(join(root, file), "utf8").matchAll(/from "([^"]+)"/g), (match) => match[1] as string);
}

function layerOf(file: string): number {
  return layers.findIndex((names) => names.includes(file.split("/")[0] as string));
}

/** Without doc comments. */
function codeOf(file: string): string {
  return readFileSync(join(root, file), "utf8").replace(/\/\*\*[\s\S]*?\*\//g, "");
}

describe("the layers of the package", () => {
  it.each(product)("%s imports only from below and beside", (file) => {
    const own = layerOf(file);
    expect(own).toBeGreaterThanOrEqual(0);
    for (const imported of importsOf(file)) {
      if (!imported.startsWith(".")) {
        expect(imported).toMatch(/^(node:|undici$|@kubernetes\/client-node$)/);
        continue;
      }
      const target = relative(root, join(root, dirname(file), imported.replace(/\.js$/, ".ts")));
      expect(layerOf(target), `${file} imports ${target}`).toBeGreaterThanOrEqual(0);
      expect(layerOf(target), `${file} imports ${target}`).toBeLessThanOrEqual(own);
    }
  });

  it("have files of at most 300 lines that open with why they exist", () => {
    for (const file of sources.filter((name) => !name.endsWith(".test.ts"))) {
      const text = readFileSync(join(root, file), "utf8");
      expect(text.split("\n").length, file).toBeLessThanOrEqual(300);
      expect(text.startsWith("/**"), file).toBe(true);
    }
  });

  it("reach the machine's clock, randomness and environment at the edge only", () => {
    const edge = /\b(Math\.random|Date\.now|new Date\(\)|performance\.now|setTimeout|setInterval|process\.)/;
    const users = product.filter((file) => edge.test(codeOf(file)));
    expect(users.sort()).toEqual(["clock/clock.ts", "handlers/operator.ts"]);
  });
});

describe("the product", () => {
  it("never joins signals with AbortSignal.any, which on Node 20 leaves something at a long-lived one with every call", () => {
    const users = product.filter((file) => codeOf(file).includes("AbortSignal.any"));
    expect(users).toEqual([]);
  });
});

describe("the error registry", () => {
  it("explains every code and what helps in sentences, and every code is thrown somewhere", () => {
    const code = product.map((file) => readFileSync(join(root, file), "utf8")).join("\n");
    for (const [name, { meaning, remedy }] of Object.entries(errorRegistry)) {
      expect(meaning, name).toMatch(/^[A-Z0-9].*\.$/s);
      expect(remedy, name).toMatch(/^[A-Z0-9].*\.$/s);
      expect(code.split(`"${name}"`).length, `${name} is never used`).toBeGreaterThan(1);
    }
  });
});
