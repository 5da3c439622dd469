import { describe, expect, it } from "vitest";
import { collectGarbage } from "../testing/collect-garbage.js";
import { createManualClock } from "../testing/manual-clock.js";
import { createGoneMemory, type RecentlyGone } from "./recently-gone.js";

function aMemory() {
  const clock = createManualClock();
  const memory = createGoneMemory(clock);
  return { clock, memory };
}

describe("what went while nobody led", () => {
  it("is handed over once, oldest first, and several bearers of one name apart", () => {
    const { memory } = aMemory();
    const [gone, others] = [memory.open<number>(), memory.open<number>()];
    gone.add("a", 1);
    others.add("a", 4);
    gone.add("b", 2);
    gone.add("a", 3);
    expect(gone.drain()).toEqual([
      ["a", 1],
      ["b", 2],
      ["a", 3],
    ]);
    expect([gone.drain(), others.drain()]).toEqual([[], [["a", 4]]]);
  });

  it("is remembered once where nothing but the key is of use", () => {
    const { memory } = aMemory();
    const gone = memory.open<undefined>();
    for (const key of ["a", "b", "a"]) gone.add(key, undefined);
    expect(gone.drain()).toEqual([
      ["b", undefined],
      ["a", undefined],
    ]);
  });

  it("is forgotten after ten minutes", async () => {
    const { clock, memory } = aMemory();
    const gone = memory.open<number>();
    gone.add("old", 1);
    await clock.advance(300_000);
    gone.add("new", 2);
    await clock.advance(400_000);
    expect(gone.drain()).toEqual([["new", 2]]);
  });

  it("does not stay in memory until something else goes", async () => {
    const { clock, memory } = aMemory();
    const gone = memory.open<object>();
    const add = (): WeakRef<object> => {
      const object = { large: true };
      gone.add("a", object);
      return new WeakRef(object);
    };
    const kept = add();
    await clock.advance(700_000);
    await collectGarbage();
    expect(kept.deref()).toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  it("never takes more memory than ten thousand entries, the latest, all parts of an operator together", () => {
    const { memory } = aMemory();
    const parts: RecentlyGone<number>[] = [memory.open(), memory.open()];
    for (let number = 0; number < 15_000; number++) parts[number % 2]?.add(`${number}`, number);
    expect(memory.size).toBe(10_000);
    const kept = parts.map((part) => part.drain());
    expect(kept.map((ofPart) => ofPart.length)).toEqual([5_000, 5_000]);
    expect(kept[1]?.at(-1)).toEqual(["14999", 14_999]);
    expect(memory.size).toBe(0);
  });

  it("keeps no process alive after the end", async () => {
    const { clock, memory } = aMemory();
    const gone = memory.open<number>();
    gone.add("a", 1);
    memory.close();
    gone.add("b", 2);
    expect([clock.pending, gone.drain()]).toEqual([0, []]);
  });
});
