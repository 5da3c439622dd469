import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readLines } from "./read-lines.js";

async function* chunksOf(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let start = 0;
  for (let index = 0; start < bytes.length; index++) {
    const end = start + (sizes[index % sizes.length] ?? 1);
    yield bytes.subarray(start, end);
    start = end;
  }
}

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

describe("lines of a stream", () => {
  it("are the same wherever the chunks are cut, also within a character of several bytes", async () => {
    const line = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => !text.includes("\n") && text.trim() !== "");
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), async (lines, sizes) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(""));
        expect(await collect(readLines(chunksOf(bytes, sizes), 10_000))).toEqual(lines);
      }),
    );
  });

  it("end with an error when the stream ends within one, after all complete lines were told", async () => {
    const seen: string[] = [];
    const read = async (): Promise<void> => {
      for await (const line of readLines(chunksOf(Buffer.from('{"a":1}\n{"b":'), [4]), 100)) seen.push(line);
    };
    await expect(read()).rejects.toMatchObject({ code: "KOPF_WATCH_CUT" });
    expect(seen).toEqual(['{"a":1}']);
  });

  it("are bounded in length, so that one endless line does not take all memory", async () => {
    const endless = chunksOf(Buffer.alloc(1000, "x"), [10]);
    await expect(collect(readLines(endless, 100))).rejects.toMatchObject({ code: "KOPF_WATCH_LINE_TOO_LONG" });
    expect(await collect(readLines(chunksOf(Buffer.from(`${"x".repeat(100)}\n`), [10]), 100))).toHaveLength(1);
  });
});
