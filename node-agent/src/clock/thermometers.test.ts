import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TemperatureWatch } from "./temperature-watch.js";
import { findThermometers, readCelsius } from "./thermometers.js";

let root: string;
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), "meridian-hwmon-"))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

function addDevice(device: string, name: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(join(root, device));
  writeFileSync(join(root, device, "name"), `${name}\n`);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(root, device, file), text);
}

test("boards and adapters come before CPUs, and no more than four are listened to", async () => {
  addDevice("hwmon0", "coretemp", { temp1_input: "55000\n", temp2_input: "56000\n", temp1_max: "100000\n" });
  addDevice("hwmon2", "ice", { temp1_input: "41500\n" });
  addDevice("hwmon10", "nvme", { temp1_input: "38850\n", temp2_input: "38850\n" });
  const found = await findThermometers(root);
  expect(found.map(({ sensor }) => sensor)).toEqual(["ice/temp1", "nvme/temp1", "nvme/temp2", "coretemp/temp1"]);
  expect(await Promise.all(found.map(readCelsius))).toEqual([41.5, 38.85, 38.85, 55]);
});

test("of two adapters of one driver the first one is taken", async () => {
  addDevice("hwmon0", "ice", { temp1_input: "40000\n" });
  addDevice("hwmon1", "ice", { temp1_input: "50000\n" });
  const found = await findThermometers(root);
  expect(await Promise.all(found.map(readCelsius))).toEqual([40]);
});

test.each(["", "hot\n", "1e9\n", "99999999\n"])("a sensor that says %j says nothing", async (text) => {
  addDevice("hwmon0", "board", { temp1_input: text });
  const [thermometer] = await findThermometers(root);
  expect(thermometer && (await readCelsius(thermometer))).toBeNull();
});

test("a machine without sensors has none", async () => {
  expect(await findThermometers(join(root, "nowhere"))).toEqual([]);
});

test("a sensor whose driver is loaded later is found then", async () => {
  const told: string[] = [];
  const watch = new TemperatureWatch((sensor) => void told.push(sensor), root, 5);
  watch.start();
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(told).toEqual([]);
  addDevice("hwmon0", "board", { temp1_input: "30000\n" });
  while (told.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  watch.close();
  expect(told[0]).toBe("board/temp1");
});

test("a watch tells what each sensor says again and again, leaves out one that vanished, and ends", async () => {
  addDevice("hwmon0", "board", { temp1_input: "30000\n", temp2_input: "31000\n" });
  const told: string[] = [];
  const waitFor = async (test: () => boolean): Promise<void> => {
    while (!test()) await new Promise((resolve) => setTimeout(resolve, 2));
  };
  const watch = new TemperatureWatch((sensor, celsius) => void told.push(`${sensor} ${String(celsius)}`), root, 5);
  watch.start();
  await waitFor(() => told.length >= 6);
  expect(new Set(told)).toEqual(new Set(["board/temp1 30", "board/temp2 31"]));
  expect(told.filter((line) => line === "board/temp1 30").length).toBeGreaterThanOrEqual(2);
  rmSync(join(root, "hwmon0", "temp1_input"));
  told.length = 0;
  await waitFor(() => told.length >= 5);
  expect(told.slice(2).every((line) => line === "board/temp2 31")).toBe(true);
  watch.close();
  await new Promise((resolve) => setTimeout(resolve, 20));
  told.length = 0;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(told).toEqual([]);
});
