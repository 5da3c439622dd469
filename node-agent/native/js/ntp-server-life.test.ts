import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect } from "vitest";
import type { Clock, NtpServer } from "../index.js";
import { importBuilt, nativeTest as it } from "./testing/built-native.js";
import { eventually } from "./testing/eventually.js";
import { NativeProcess } from "./testing/native-process.js";
import { createRequest, createTemplate, readAnswer } from "./testing/ntp-messages.js";
import { UdpPeer } from "./testing/udp-peer.js";

const native = await importBuilt(() => import("../index.js"));
const folder = mkdtempSync(join(tmpdir(), "meridian-ntp-life-"));
const clockPath = join(folder, "clock");
const uri = `virtual:${clockPath}`;
const perfect = { seconds: 600, seed: 1, offsetNs: 0, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 };
const udpPort = 21_133;
const coded = (code: string, rest: object = {}): unknown => expect.objectContaining({ code, ...rest });

afterAll(() => rmSync(folder, { recursive: true }));

/** An answer to a request on `port`. */
async function ask(peer: UdpPeer, port: number): Promise<{ stratum: number }> {
  await peer.send(createRequest(), port);
  return readAnswer((await peer.receive()).octets);
}

describe("an NTP server", () => {
  let clock: Clock;
  let server: NtpServer;
  const opened: { close(): unknown }[] = [];

  beforeEach(() => {
    native.createVirtualClock(clockPath, perfect);
    clock = native.Clock.open(uri, { steer: false });
    opened.push(clock);
    server = start();
  });
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close();
  });

  const start = (rest: object = {}): NtpServer => {
    const started = new native.NtpServer({ clock, udpPort, allowed: ["127.0.0.0/8"], receiveBufferBytes: 1 << 16, ...rest });
    opened.push(started);
    return started;
  };

  it("says EADDRINUSE when the port is taken, refuses nonsense, and everything but its counts after close", async () => {
    expect(() => start()).toThrow(coded("EADDRINUSE", { syscall: "bind" }));
    const other = { udpPort: udpPort + 1 };
    for (const change of [
      { udpPort: 0 },
      { allowed: [] },
      { allowed: "10.0.0.0/8" },
      { allowed: ["10.0.0.0"] },
      { allowed: ["10.0.0.0/8", 7] },
      { allowed: Array(33).fill("10.0.0.0/8") },
      { receiveBufferBytes: 0.5 },
      { clock: null },
    ])
      expect(() => start({ ...other, ...change }), JSON.stringify(change)).toThrow(coded("MER_NATIVE_ARGUMENT"));
    const template = createTemplate();
    const client3 = template.slice();
    client3[0] = 0x23;
    for (const [octets, growthPpb, validSeconds] of [
      [template.subarray(1), 0, 1],
      [client3, 0, 1],
      [template, -1, 1],
      [template, Number.NaN, 1],
      [template, 0, Number.POSITIVE_INFINITY],
      [template, 0, -1],
    ] as const)
      expect(() => server.setTemplate(octets, growthPpb, validSeconds, 0)).toThrow(coded("MER_NATIVE_ARGUMENT"));
    server.close();
    server.close();
    expect(() => server.setTemplate(template, 0, 1, 0)).toThrow(coded("MER_NATIVE_CLOSED"));
    expect(server.statistics()).toEqual([0, 0, 0, 0, 0, 0]);
    const again = start();
    const peer = await UdpPeer.open("127.0.0.1");
    opened.push(peer);
    await ask(peer, udpPort);
    expect(again.statistics()).toEqual([1, 0, 0, 0, 0, 0]);
  });

  it("ends its thread and gives its descriptors back when closed", async () => {
    const threads = (): string[] =>
      readdirSync("/proc/self/task").map((id) => {
        try {
          return readFileSync(`/proc/self/task/${id}/comm`, "utf8").trim();
        } catch {
          return "";
        }
      });
    const count = (): number => threads().filter((name) => name === "mer-ntp").length;
    // A thread takes its name once it runs.
    await eventually(() => count() === 1);
    const descriptors = readdirSync("/proc/self/fd").length;
    for (let round = 0; round < 10; round += 1) start({ udpPort: udpPort + 1 }).close();
    expect(count()).toBe(1);
    expect(readdirSync("/proc/self/fd").length).toBe(descriptors);
    server.close();
    expect(count()).toBe(0);
  });
});

describe("an NTP server whose JavaScript is stuck", () => {
  it("answers all the same, and costs nothing while nobody asks", async () => {
    const process = new NativeProcess();
    const peer = await UdpPeer.open("127.0.0.1");
    try {
      await process.ask("createClock", { path: clockPath, ...perfect });
      await process.ask("openClock", { id: "clock", uri, steer: false });
      await process.ask("openServer", { id: "server", clock: "clock", udpPort: udpPort + 2, allowed: ["127.0.0.0/8"] });
      await process.ask("setTemplate", { id: "server", template: [...createTemplate()], growthPpb: 0, validSeconds: 60 });
      let stuck = true;
      const busy = process.ask("busy", { milliseconds: 1000 }).then(() => (stuck = false));
      let answered = 0;
      for (let index = 0; index < 20; index += 1) {
        expect((await ask(peer, udpPort + 2)).stratum).toBe(2);
        answered += stuck ? 1 : 0;
      }
      expect(answered).toBeGreaterThan(0);
      await busy;
      const cost = await process.ask<number>("processorSeconds");
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect((await process.ask<number>("processorSeconds")) - cost).toBeLessThan(0.15);
    } finally {
      await peer.close();
      await process.close();
    }
  });
});
