import { networkInterfaces } from "node:os";
import { expect } from "vitest";
import { importBuilt, nativeTest as test } from "@meridian/native/testing";
import type { ClockSet } from "../clock/clock-set.js";

const { readCapabilities } = await importBuilt(() => import("./capabilities.js"));

const clocks = (names: readonly [string, string][], steers = true) => ({ names, steers }) as unknown as ClockSet;

test("names the node's clock as resources do, and each clock's kind", () => {
  const { clocks: told, canSteer } = readCapabilities(
    clocks([
      ["realtime", "realtime:"],
      ["/dev/ptp0", "phc:/dev/ptp0"],
      ["/dev/ptp1", "virtual:/x"],
    ]),
  );
  expect(told).toEqual([
    { name: "system", type: "System", device: "realtime:" },
    { name: "/dev/ptp0", type: "PHC", device: "phc:/dev/ptp0" },
    { name: "/dev/ptp1", type: "Virtual", device: "virtual:/x" },
  ]);
  expect(canSteer).toBe(true);
});

test("lists what is not loopback and has IPv4, with its time stamping", () => {
  const { interfaces } = readCapabilities(clocks([], false));
  const expected = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.some(({ internal, family }) => !internal && family === "IPv4") ? [name] : [],
  );
  expect(interfaces?.map(({ name }) => name)).toEqual(expected.slice(0, 16));
  for (const { timestamping, addresses } of interfaces ?? []) {
    expect(timestamping).toMatch(/^(Hardware|Software|None)$/);
    expect(addresses?.length).toBeGreaterThan(0);
  }
});

test("tells eight clocks at most", () => {
  expect(readCapabilities(clocks(Array.from({ length: 12 }, (_, index) => [`/dev/ptp${index}`, "virtual:/x"]))).clocks).toHaveLength(8);
});
