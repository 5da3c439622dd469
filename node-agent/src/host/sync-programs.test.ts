import type { SyncTemplates } from "@meridian/engine";
import { beforeEach, expect, test } from "vitest";
import { SyncPrograms } from "./sync-programs.js";

const templates = (logInterval: number): SyncTemplates => ({
  clock: "c",
  sync: new Uint8Array(44),
  followUp: new Uint8Array(44),
  logInterval,
  labelOffsetSeconds: 37,
  dscp: 0,
});

class Sender {
  syncs = 0;
  closed = false;
  statistics = (): number[] => [this.syncs, 0, 0, 0, 0];
  close = (): void => void (this.closed = true);
}

let nowMs: number;
let created: Sender[];
let refusal: Error | null;
let said: string[];
let programs: SyncPrograms;

beforeEach(() => {
  nowMs = 100_000;
  created = [];
  refusal = null;
  said = [];
  programs = new SyncPrograms({
    create: () => {
      if (refusal) throw refusal;
      created.push(new Sender());
      return created.at(-1) as Sender;
    },
    failed: (instance, { code }) => said.push(`${instance} ${code}`),
    worked: (instance) => said.push(`${instance} works`),
    now: () => nowMs,
  });
});

const silent = (): string[] => [...programs.judge()].map(([instance, { code, message }]) => `${instance} ${code}: ${message}`);
const send = (): void => created.forEach((sender) => (sender.closed ? null : (sender.syncs += 1)));

test("a program that sends is no trouble, however seldom somebody looks", () => {
  programs.set("eth0", "serve/a", templates(0));
  for (let round = 0; round < 5; round += 1) {
    nowMs += 10_000;
    send();
    expect(silent()).toEqual([]);
  }
  expect(created).toHaveLength(1);
});

test.each([
  [-7, 3000],
  [0, 5000],
  [1, 10_000],
])("with an interval of 2^%i s silence of more than %i ms is a dead program, which is begun again and is well once it sends", (log, ms) => {
  programs.set("eth0", "serve/a", templates(log));
  send();
  silent();
  nowMs += ms;
  expect(silent()).toEqual([]);
  nowMs += 1;
  expect(silent()).toEqual([expect.stringMatching(/^serve\/a MER_AGENT_SYNC_STOPPED: .*eth0/)]);
  expect(created[0]?.closed).toBe(true);
  nowMs += 1000;
  expect(silent()).toHaveLength(1);
  expect(created).toHaveLength(2);
  nowMs += 100;
  expect(silent()).toHaveLength(1); // begun, but nothing has left yet
  send();
  expect(silent()).toEqual([]);
  expect(said).toEqual(["serve/a works", "serve/a MER_AGENT_SYNC_STOPPED", "serve/a works"]);
});

test("a program that is refused is told with the reason, and tried again ever more seldom, up to every 30 s", () => {
  refusal = new Error("ENODEV: bind");
  programs.set("eth0", "serve/a", templates(0));
  expect(silent()).toEqual([expect.stringContaining("ENODEV: bind")]);
  const attempts: number[] = [];
  for (let second = 1; second <= 130; second += 1) {
    const before = said.length;
    nowMs += 1000;
    silent();
    if (said.length > before) attempts.push(second);
  }
  expect(attempts).toEqual([1, 3, 7, 15, 31, 61, 91, 121]);
  refusal = null;
  nowMs += 30_000;
  silent();
  send();
  expect(silent()).toEqual([]);
});

test("what ends is closed and no longer judged; other ports go on", () => {
  programs.set("eth0", "serve/a", templates(0));
  programs.set("eth1", "serve/b", templates(0));
  programs.set("eth1", "serve/c", templates(0));
  programs.endOn("eth1");
  expect(created.map(({ closed }) => closed)).toEqual([false, true, true]);
  programs.set("eth0", "serve/a", templates(-1));
  expect(created.map(({ closed }) => closed)).toEqual([true, true, true, false]);
  programs.set("eth0", "serve/a", null);
  nowMs += 60_000;
  expect(silent()).toEqual([]);
  expect(created.every(({ closed }) => closed)).toBe(true);
});
