import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findPhcs } from "./find-phcs.js";

const description = { name: "mlx5_ptp", kind: "Nic", maxAdjustmentPpb: 50_000_000, crossTimestamp: false } as const;
let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), "meridian-sys-"))));
afterEach(() => rmSync(root, { recursive: true }));

const describe = (index: number) => {
  if (index === 3) throw new Error("gone");
  return { ...description, device: `/dev/ptp${index}` };
};

test("lists the clocks whose devices are there, by number", () => {
  for (const name of ["ptp10", "ptp2", "ptp3", "ptp4", "other", "ptpx"]) mkdirSync(join(root, name));
  const found = findPhcs({ root, describe, exists: (device) => device !== "/dev/ptp4" });
  expect(found.map(({ device }) => device)).toEqual(["/dev/ptp2", "/dev/ptp10"]);
});

test("a kernel without PTP has none", () => {
  expect(findPhcs({ root: join(root, "none"), describe, exists: () => true })).toEqual([]);
});
