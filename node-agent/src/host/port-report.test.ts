import { createSocket, type Socket } from "node:dgram";
import { afterEach, expect, test } from "vitest";
import type { EngineConfig } from "@meridian/engine";
import { findPortHolder } from "./port-holder.js";
import { describePorts, explainAssociation, explainPort } from "./port-report.js";

let socket: Socket | null = null;
afterEach(() => {
  socket?.close();
  socket = null;
});

test.each([
  ["EADDRINUSE", "MER_AGENT_PORT_TAKEN", "319 or 320"],
  ["EACCES", "MER_AGENT_PORT_DENIED", "CAP_NET_BIND_SERVICE"],
  ["EPERM", "MER_AGENT_PORT_DENIED", "CAP_NET_BIND_SERVICE"],
  ["ENODEV", "MER_AGENT_PORT_ABSENT", "eth7"],
  ["ENETDOWN", "MER_AGENT_PORT_ABSENT", "eth7"],
  ["MER_AGENT_CLOCK_FAILED", "MER_AGENT_CLOCK_FAILED", "eth7"],
  ["EIO", "MER_AGENT_PORT_FAILED", "EIO"],
])("%s becomes %s, and says what to look at", (because, code, said) => {
  expect(explainPort("eth7", because)).toEqual({ code, message: expect.stringContaining(said) });
});

test("a part on a port in trouble carries that trouble, the others are well", () => {
  const timing = (port: string) => ({ timing: { port } });
  const config = {
    receivers: [
      { source: "a", ...timing("eth0") },
      { source: "b", ...timing("eth1") },
    ],
    transmitters: [{ grandmaster: "g", ...timing("eth1") }],
    associations: [],
    comparisons: [],
    ntpServer: null,
  } as unknown as EngineConfig;
  const trouble = { code: "MER_AGENT_PORT_ABSENT", message: "gone" } as const;
  expect(describePorts(config, new Map([["eth1", trouble]]), new Map())).toEqual([
    { part: "ptp/a", ok: true, code: "", message: "" },
    { part: "ptp/b", ok: false, ...trouble },
    { part: "serve/g", ok: false, ...trouble },
  ]);
  const silence = { code: "MER_AGENT_SYNC_STOPPED", message: "silent" } as const;
  const silent = new Map([["serve/g", silence]]);
  expect(describePorts(config, new Map(), silent)[2]).toEqual({ part: "serve/g", ok: false, ...silence });
  expect(describePorts(config, new Map([["eth1", trouble]]), silent)[2]).toEqual({ part: "serve/g", ok: false, ...trouble });
});

test("an NTP server that is not reached, and a service that cannot listen, are parts like the others", () => {
  const config = { receivers: [], transmitters: [], associations: [{ source: "a" }], ntpServer: {} } as unknown as EngineConfig;
  const refused = explainAssociation("ntp/a", "ECONNREFUSED");
  expect(refused).toEqual({ code: "MER_AGENT_ASSOCIATION_FAILED", message: expect.stringContaining("nobody listens") });
  const taken = { code: "MER_AGENT_PORT_TAKEN", message: "123 is held" } as const;
  expect(describePorts(config, new Map([["ntp/a", refused]]), new Map([["serve/ntp", taken]]))).toEqual([
    { part: "ntp/a", ok: false, ...refused },
    { part: "serve/ntp", ok: false, ...taken },
  ]);
});

test("names no holder of a port that is free or our own", async () => {
  socket = createSocket("udp4");
  const { port } = await new Promise<{ port: number }>((resolve) =>
    socket?.bind(0, "127.0.0.1", () => resolve(socket?.address() ?? { port: 0 })),
  );
  expect(findPortHolder(port)).toBeNull();
  expect(findPortHolder(1)).toBeNull();
});
