import { describe, expect, it } from "vitest";
import { QuietLog } from "./quiet-log.js";

function aQuietLog() {
  let now = 0;
  const lines: object[] = [];
  const nothing = () => undefined;
  const log = new QuietLog({ debug: nothing, info: nothing, error: nothing, warn: (fields) => void lines.push(fields) }, () => now);
  const knock = (address: string) => log.warn("MER_HUB_SILENT", address, {}, "no token");
  return { lines, knock, wait: (ms: number) => (now += ms) };
}

describe("warnings about strangers", () => {
  it("come once a minute for one address, and say how often it happened", () => {
    const { lines, knock, wait } = aQuietLog();
    for (let times = 0; times < 50; times += 1) knock("10.0.0.9");
    expect(lines).toEqual([{ code: "MER_HUB_SILENT", peer: "10.0.0.9" }]);
    wait(60_000);
    knock("10.0.0.9");
    expect(lines.at(-1)).toEqual({ code: "MER_HUB_SILENT", peer: "10.0.0.9", repeated: 49 });
  });

  it("are told apart by address, up to a number of lines that no count of addresses exceeds", () => {
    const { lines, knock, wait } = aQuietLog();
    for (let round = 0; round < 3; round += 1) {
      for (let address = 0; address < 5000; address += 1) knock(`fd00::${String(round)}:${String(address)}`);
      expect(lines.length).toBeLessThanOrEqual((round + 1) * 101);
      wait(60_000);
    }
    expect(lines).toContainEqual({ lines: 4900 });
  });
});
