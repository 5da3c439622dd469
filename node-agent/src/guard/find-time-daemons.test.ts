import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findTimeDaemons } from "./find-time-daemons.js";

let proc: string;
beforeEach(() => (proc = mkdtempSync(join(tmpdir(), "meridian-proc-"))));
afterEach(() => rmSync(proc, { recursive: true }));

const mayAll = "000001ffffffffff";
const mayNot = "000001fffdffffff";
function run(pid: number, comm: string, args: string[], effective = mayAll): void {
  const folder = join(proc, String(pid));
  mkdirSync(folder);
  writeFileSync(join(folder, "comm"), `${comm}\n`);
  writeFileSync(join(folder, "status"), `Name:\t${comm}\nCapInh:\t0000000000000000\nCapEff:\t${effective}\n`);
  writeFileSync(join(folder, "cmdline"), [...args, ""].join("\0"));
}
const found = () => findTimeDaemons(proc).map(({ pid, name }) => `${name} ${pid}`);

test("names the daemons that may steer the system's clock, and no other process", () => {
  run(300, "systemd-timesyn", ["/lib/systemd/systemd-timesyncd"]);
  run(20, "chronyd", ["/usr/sbin/chronyd", "-F", "1"]);
  run(21, "bash", ["bash"]);
  run(22, "chronyc", ["chronyc", "sources"]);
  expect(found()).toEqual(["chronyd 20", "systemd-timesyncd 300"]);
});

test.each([
  ["chronyd", ["chronyd", "-x", "-f", "/etc/chrony.conf"]],
  ["chronyd", ["chronyd", "-dx"]],
  ["ptp4l", ["ptp4l", "-i", "eth0"]],
  ["ptp4l", ["ptp4l", "-S", "-i", "eth0", "--free_running=1"]],
  ["phc2sys", ["phc2sys", "-an"]],
  ["phc2sys", ["phc2sys", "-s", "CLOCK_REALTIME", "-c", "eth0"]],
  ["phc2sys", ["phc2sys", "-a"]],
  ["ptp4l", ["ptp4l", "-S", "--serverOnly=1", "-i", "eth0"]],
  ["chronyd", ["chronyd", "-4x"]],
])("%s as %j leaves the system's clock alone", (comm, args) => {
  run(20, comm, args);
  expect(found()).toEqual([]);
});

test("a daemon that has no right to steer does not steer", () => {
  run(20, "chronyd", ["chronyd"], mayNot);
  expect(found()).toEqual([]);
});

test.each([[["phc2sys", "-s", "eth0"]], [["phc2sys", "-a", "-r"]], [["phc2sys", "-ar"]], [["phc2sys", "-c", "CLOCK_REALTIME"]]])(
  "%j steers the system's clock",
  (args) => {
    run(20, "phc2sys", args);
    expect(found()).toEqual(["phc2sys 20"]);
  },
);

test("who is powerful in a user namespace of his own has no power over the host's clock", () => {
  run(1, "init", ["init"]);
  run(20, "chronyd", ["chronyd"]);
  run(21, "chronyd", ["chronyd"]);
  for (const [pid, namespace] of [
    [1, "user:[1]"],
    [20, "user:[1]"],
    [21, "user:[2]"],
  ] as const) {
    mkdirSync(join(proc, String(pid), "ns"));
    symlinkSync(namespace, join(proc, String(pid), "ns/user"));
  }
  expect(found()).toEqual(["chronyd 20"]);
});

test("ptp4l with software time stamps steers the system's clock", () => {
  run(20, "ptp4l", ["ptp4l", "-S", "-i", "eth0"]);
  expect(found()).toEqual(["ptp4l 20"]);
});

test("a process that ends while it is looked at, or a host that shows none, is nobody", () => {
  mkdirSync(join(proc, "5"));
  expect(found()).toEqual([]);
  expect(findTimeDaemons(join(proc, "none"))).toEqual([]);
});

test("the processes of this machine can be read", () => {
  expect(findTimeDaemons().every(({ pid, name }) => pid > 0 && name !== "")).toBe(true);
});
