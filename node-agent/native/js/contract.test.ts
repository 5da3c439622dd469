import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect } from "vitest";
import { importBuilt, nativeTest as it } from "./testing/built-native.js";
import { nativeErrorRegistry } from "./errors.js";
import * as layout from "./layout.js";

const native = await importBuilt(() => import("../index.js"));

const home = dirname(dirname(fileURLToPath(import.meta.url)));
const read = (...path: string[]): string => readFileSync(join(home, ...path), "utf8");
const folder = mkdtempSync(join(tmpdir(), "meridian-contract-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What index.d.ts exports as values, with the members of classes. */
function declared(): Map<string, string[]> {
  const exports = new Map<string, string[]>();
  const text = read("index.d.ts").replaceAll(/\/\*\*[\s\S]*?\*\//g, "");
  for (const [, name = ""] of text.matchAll(/^export function (\w+)/gm)) exports.set(name, []);
  for (const [, name = "", body = ""] of text.matchAll(/^export class (\w+) \{([\s\S]*?)^\}/gm))
    exports.set(
      name,
      [...body.matchAll(/^ {2}(?:static )?(?:readonly )?(\w+)[(:]/gm)]
        .map(([, member = ""]) => member)
        .filter((it) => it !== "constructor"),
    );
  return exports;
}

describe("the native module", () => {
  it("exports what index.d.ts declares and nothing else", () => {
    expect(Object.keys(native).sort()).toEqual([...declared().keys()].sort());
    const addon: object = { exports: {} };
    process.dlopen(addon, join(home, "meridian-native.node"));
    expect(Object.keys((addon as { exports: object }).exports).sort()).toEqual([...declared().keys()].sort());
  });

  it("gives each class the declared members and no others", () => {
    const path = join(folder, "clock");
    native.createVirtualClock(path, { seconds: 1, seed: 1, offsetNs: 0, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 });
    const page = new native.ClockPage(join(folder, "page"));
    const clock = native.Clock.open(`virtual:${path}`, { steer: false });
    const wire = { interfaceName: "lo", clock, eventPort: 41_319, generalPort: 41_320, dscp: 0 };
    const port = new native.Port({ ...wire, receiveBufferBytes: 4096, eventPoll: "lazy" }, () => {});
    const templates = { sync: new Uint8Array(44), followUp: new Uint8Array(44), logInterval: 1, labelOffsetSeconds: 0 };
    const program = new native.SyncProgram({ ...wire, ...templates });
    const peer = { address: "127.0.0.1", udpPort: 9 };
    const socket = new native.DatagramSocket({ ...peer, clock, dscp: 0, receiveBufferBytes: 4096 }, () => {});
    const server = new native.NtpServer({ clock, udpPort: 21_423, allowed: ["10.0.0.0/8"], receiveBufferBytes: 4096 });
    const timer = new native.FdTimer(() => {});
    const truth = new native.TruthReader(path, join(folder, "page"));
    const reader = new native.ClockReader(join(folder, "page"), "Guaranteed");
    const sockets = { DatagramSocket: socket, NtpServer: server };
    const watch = new native.DisruptionWatch({ clock, pages: [page], vmClockPath: join(folder, "none") }, () => {});
    const readers = { ClockReader: reader, TruthReader: truth, DisruptionWatch: watch };
    const instances = { Clock: clock, Port: port, SyncProgram: program, FdTimer: timer, ClockPage: page, ...readers, ...sockets };
    try {
      const classes = [...declared()].filter(([, members]) => members.length > 0);
      expect(classes.map(([name]) => name).sort()).toEqual(Object.keys(instances).sort());
      for (const [name, members] of classes) {
        const instance: object = instances[name as keyof typeof instances];
        const own = [...Object.getOwnPropertyNames(instance), ...Object.getOwnPropertyNames(Object.getPrototypeOf(instance))];
        const statics = Object.getOwnPropertyNames(instance.constructor).filter((it) => !(it in Function.prototype) && it !== "prototype");
        expect([...own, ...statics].filter((member) => member !== "constructor").sort()).toEqual(members.toSorted());
      }
      expect(() => Object.assign(port, { ring: null })).toThrow(TypeError);
    } finally {
      for (const instance of Object.values(instances)) instance.close();
    }
  });

  it("lays its records out as js/layout.ts says", () => {
    const flat = Object.entries(layout).flatMap(([group, fields]) =>
      Object.entries(fields).map(([name, value]) => [`${group}.${name}`, value] as const),
    );
    expect(native.recordLayout()).toEqual(Object.fromEntries(flat));
  });

  it("throws the codes of the registry and no others", () => {
    const sources = readdirSync(join(home, "src")).map((file) => read("src", file));
    const used = [read("index.js"), ...sources].flatMap((text) => text.match(/(?<=")MER_NATIVE_\w+(?=")/g) ?? []);
    expect([...new Set(used)].sort()).toEqual(nativeErrorRegistry.map(({ code }) => code).sort());
  });

  it("says which command builds it when it is absent, and can be put elsewhere", () => {
    const run = (environment: Record<string, string>): string => {
      const script = `import(${JSON.stringify(join(home, "index.js"))}).then((module) => console.log(typeof module.Clock), (error) => console.log(error.code, error.message))`;
      return execFileSync(process.execPath, ["-e", script], { encoding: "utf8", env: { ...process.env, ...environment } }).trim();
    };
    expect(run({ MERIDIAN_NATIVE: join(folder, "nowhere.node") })).toMatch(/^MER_NATIVE_NOT_BUILT .*`npm run build`/);
    const elsewhere = join(folder, "elsewhere.node");
    copyFileSync(join(home, "meridian-native.node"), elsewhere);
    expect(run({ MERIDIAN_NATIVE: elsewhere })).toBe("function");
  });

  it("turns a panic into MER_NATIVE_PANIC and goes on", ({ skip }) => {
    try {
      execFileSync("cargo", ["--version"], { stdio: "ignore" });
    } catch {
      skip("needs cargo");
    }
    const target = join(home, "target", "panic");
    const build = ["build", "--quiet", "--locked", "--features", "panic-for-test", "--target-dir", target];
    execFileSync("cargo", build, { cwd: home, stdio: ["ignore", "ignore", "pipe"] });
    const addon = join(folder, "panic.node");
    copyFileSync(join(target, "debug", "libmeridian_native.so"), addon);
    const script = `
      const native = require(${JSON.stringify(addon)});
      const codes = [1, 2].map(() => { try { native.panicForTest(); } catch (error) { return error.code + " " + error.message; } });
      console.log(JSON.stringify({ codes, alive: native.readRawSeconds() > 0 }));`;
    const result = JSON.parse(execFileSync(process.execPath, ["-e", script], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
    const text = "MER_NATIVE_PANIC the native module panicked: on purpose";
    expect(result).toEqual({ codes: [text, text], alive: true });
  }, 180_000);

  it("reads host facts: raw time, the capabilities of lo, memory given back", () => {
    const first = native.readRawSeconds();
    expect(native.readRawSeconds()).toBeGreaterThanOrEqual(first);
    const capabilities = native.readTimestampingCapabilities("lo");
    expect(capabilities).toEqual({
      hardware: false,
      softwareTransmit: true,
      softwareReceive: true,
      phcIndex: -1,
      transmitTypes: 0,
      receiveFilters: 0,
      source: "Netlink",
    });
    expect(native.trimMemory()).toBeGreaterThanOrEqual(0);
  });

  it("lets a worker end with everything open", () => {
    expect(existsSync(join(home, "meridian-native.node"))).toBe(true);
    const script = `
      const { Worker } = require("node:worker_threads");
      const code = \`
        import(${JSON.stringify(join(home, "index.js"))}).then((native) => {
          native.createVirtualClock(${JSON.stringify(join(folder, "worker"))}, { seconds: 9, seed: 1, offsetNs: 0, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 });
          const clock = native.Clock.open("virtual:" + ${JSON.stringify(join(folder, "worker"))}, { steer: true });
          const wire = { interfaceName: "lo", clock, eventPort: 41_419, generalPort: 41_420, dscp: 0 };
          globalThis.port = new native.Port({ ...wire, receiveBufferBytes: 4096, eventPoll: "always" }, () => {});
          const templates = { sync: new Uint8Array(44), followUp: new Uint8Array(44), logInterval: -7, labelOffsetSeconds: 0 };
          globalThis.program = new native.SyncProgram({ ...wire, ...templates });
          globalThis.socket = new native.DatagramSocket({ address: "127.0.0.1", udpPort: 21_424, clock, dscp: 0, receiveBufferBytes: 4096 }, () => {});
          globalThis.server = new native.NtpServer({ clock, udpPort: 21_424, allowed: ["127.0.0.0/8"], receiveBufferBytes: 4096 });
          globalThis.socket.send(new Uint8Array(48).fill(0x23), 48, 0);
          globalThis.timer = new native.FdTimer(() => {});
          globalThis.timer.arm(3600e9);
          globalThis.page = new native.ClockPage(${JSON.stringify(join(folder, "worker-page"))}, { layout: "clockbound3", clock, steeringPpb: 0 });
          globalThis.watch = new native.DisruptionWatch({ clock, pages: [globalThis.page], vmClockPath: "/nowhere" }, () => {});
          require("node:worker_threads").parentPort.postMessage("open");
        });\`;
      (async () => {
        for (let round = 0; round < 5; round += 1) {
          const worker = new Worker(code, { eval: true });
          await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
          await worker.terminate();
        }
        console.log("done");
      })();`;
    expect(execFileSync(process.execPath, ["-e", script], { encoding: "utf8" }).trim()).toBe("done");
  });
});
