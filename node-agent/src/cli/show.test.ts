import { expect, test } from "vitest";
import type { SourceState, SourceUse } from "@meridian/engine";
import type { AgentStatus } from "../status/agent-status.js";
import { goodStatus, silentSource } from "../testing/statuses.js";
import { showClocks } from "./show-clocks.js";
import { markOf, showSources } from "./show-sources.js";
import { isGood, showStatus } from "./show-status.js";

const clockWith = (change: Partial<AgentStatus["clock"]>): AgentStatus => ({ ...goodStatus, clock: { ...goodStatus.clock, ...change } });

test("sources stand in columns under their headings", () => {
  expect(showSources(goodStatus.sources)).toBe(
    [
      "   NAME    STATE        REASON           STRATUM  REACH    OFFSET       SD  RATE ppb    DELAY  ASYMMETRY  CORRELATION    AGE",
      "*  roof    Healthy      -                      -      -  -1.23 µs  45.6 ns     +1235  5.60 µs    2.80 µs        0.0 s  0.1 s",
      "?  cellar  NoAnswer     NeverHeard             -      -         -        -         -        -          -            -      -",
      "x  liar    Falseticker  OutsideMajority        -      -   +3.20 s  45.6 ns     +1235  5.60 µs    2.80 µs        0.0 s  0.1 s",
      "",
    ].join("\n"),
  );
  expect(showSources([])).toBe("No sources are configured.\n");
});

test.each<[string, SourceState, boolean, SourceUse]>([
  ["*", "Healthy", true, "Primary"],
  ["*", "Healthy", true, "Fallback"],
  ["+", "Healthy", false, "Primary"],
  ["-", "Healthy", false, "Fallback"],
  ["-", "Healthy", false, "Watchdog"],
  ["x", "Falseticker", true, "Primary"],
  ["~", "Suspect", false, "Primary"],
  ["?", "NoAnswer", true, "Primary"],
  ["?", "Acquiring", false, "Primary"],
  ["?", "Unsynchronized", false, "Watchdog"],
])("%s marks what is %s, selected: %s, %s", (mark, state, selected, use) => {
  expect(markOf({ state, selected, use })).toBe(mark);
});

test("clocks stand in columns", () => {
  expect(showClocks(goodStatus.clocks)).toBe(
    [
      "NAME       TYPE    STEERABLE  DEVICE",
      "system     System  yes        realtime:",
      "/dev/ptp0  PHC     no         phc:/dev/ptp0",
      "",
      "system, watched for 2.0 h: time error mean +1.20 ns, RMS 34.5 ns, largest 1.23 µs",
      "   TAU     ADEV     TDEV     MTIE",
      "   1 s  1.23e-9  4.56 ns   789 ns",
      "4096 s        -        -  2.35 µs",
      "",
    ].join("\n"),
  );
});

test("the status of a good clock is a short block", () => {
  expect(showStatus(goodStatus)).toBe(
    [
      "Node       n1, agent 1.2.3, mode steer",
      "Domain     plant, role OrdinaryClock, revision r1",
      "Clock      system, realtime:",
      "State      PhaseAligned (Measured) for 2.0 h",
      "Bound      calibrated 4.32 µs, guaranteed 54.3 µs",
      "Objective  100 µs Calibrated: kept",
      "Offset     +12.3 ns, frequency -1235 ppb, steps 1",
      "Source     roof, Healthy, grandmaster 00-11-22-ff-fe-33-44-55, steps removed 1",
      "Hub        connected to hub:9463",
      "",
    ].join("\n"),
  );
  expect(isGood(goodStatus)).toBe(true);
});

test("a clock of which nothing is known is said to be so, with what is in trouble", () => {
  const trouble = { code: "MER_AGENT_PORT_ABSENT", message: "interface eth0 is absent" } as const;
  const nothing: Partial<AgentStatus["clock"]> = {
    ...{ state: "Unknown", reason: "NothingPublished", stateAgeSeconds: null, selected: null, offsetNanoseconds: null },
    ...{ calibratedBoundNanoseconds: null, guaranteedBoundNanoseconds: null, frequencyPartsPerBillion: null, steps: 0, era: null },
  };
  const bad: AgentStatus = {
    ...clockWith(nothing),
    ...{ domain: null, role: null, revision: null },
    sources: [silentSource],
    hub: { connected: false, address: "hub:9463", trouble: "MER_AGENT_HUB_UNREACHABLE" },
    ports: [{ interface: "eth0", state: "Lost", trouble }],
    served: [{ grandmaster: "gm", interface: "eth0", domainNumber: 0, trouble }],
    clocks: [{ name: "system", type: "System", device: "realtime:", steerable: false, stability: null }],
  };
  expect(showStatus(bad)).toBe(
    [
      "Node       n1, agent 1.2.3, mode steer",
      "Domain     none",
      "Clock      system, realtime:, not steered",
      "State      Unknown (NothingPublished)",
      "Bound      calibrated void, guaranteed void",
      "Objective  100 µs Calibrated: not kept",
      "Offset     -, frequency - ppb, steps 0",
      "Source     none of 1 is followed",
      "Hub        no answer from hub:9463 (MER_AGENT_HUB_UNREACHABLE), time goes on",
      "Port       eth0 is not open. MER_AGENT_PORT_ABSENT: interface eth0 is absent",
      "Served     gm serves nobody. MER_AGENT_PORT_ABSENT: interface eth0 is absent",
      "Attention  no calibrated bound: this clock's error is not known",
      "",
    ].join("\n"),
  );
});

test("an NTP server is shown by its stratum, its reach in octal and its reference", () => {
  const [source] = goodStatus.sources;
  const ntp = { address: "192.0.2.1", stratum: 2, referenceId: "GPS", pollSeconds: 16, reachability: 0o377, interleaved: true };
  const sources = source ? [{ ...source, grandmasterIdentity: null, ntp }] : [];
  expect(showSources(sources).split("\n")[1]).toMatch(/ 2 +377 /);
  expect(showStatus({ ...goodStatus, sources })).toContain("roof, Healthy, NTP server 192.0.2.1, stratum 2, reference GPS");
});

test("a table of leap seconds that ends is told, one that holds is not", () => {
  const ending: AgentStatus = { ...goodStatus, leapTable: { state: "ExpiresSoon", until: "2026-12-28" } };
  expect(showStatus(ending)).toContain("Leap       the table of leap seconds holds until 2026-12-28: install a newer release\n");
  expect(showStatus({ ...goodStatus, leapTable: { state: null, until: "2026-12-28" } })).not.toContain("Leap");
});

test("who else steers the clock, and an NTP server that answers nobody, are told", () => {
  const trouble = { code: "MER_AGENT_PORT_TAKEN", message: "UDP port 123 is held by chronyd (pid 812)" } as const;
  const conflicts = [
    { process: "chronyd (pid 812)", evidence: "Running" },
    { process: "", evidence: "Stepped" },
  ] as const;
  const status = { ...clockWith({ conflicts }), ntpServer: { port: 123, allowed: ["10.0.0.0/8"], answers: 0, trouble } };
  const shown = showStatus(status);
  expect(shown).toContain("Conflict   chronyd (pid 812) steers this clock (Running)\n");
  expect(shown).toContain("Conflict   a program that cannot be named steers this clock (Stepped)\n");
  expect(shown).toContain("Served     no NTP client is answered. MER_AGENT_PORT_TAKEN");
});

test.each<[string, Partial<AgentStatus["clock"]>, string]>([
  ["without a calibrated bound", { calibratedBoundNanoseconds: null }, "no calibrated bound"],
  ["that is held over", { state: "Holdover" }, "this clock is Holdover, not PhaseAligned"],
  ["in conflict", { state: "Conflicted" }, "this clock is Conflicted, not PhaseAligned"],
])("an aligned clock's status is not that of one %s", (_what, change, fault) => {
  expect(isGood(clockWith(change))).toBe(false);
  expect(showStatus(clockWith(change))).toContain(`Attention  ${fault}`);
});

test("no name brings a terminal's orders along", () => {
  const evil = "a\u001b]0;owned\u0007\u009b2J";
  const [source] = goodStatus.sources;
  if (!source) throw new RangeError("no source");
  const status: AgentStatus = {
    ...{ ...goodStatus, node: evil, domain: evil, role: evil, revision: evil, version: evil },
    hub: { connected: false, address: evil, trouble: evil },
    clock: { ...goodStatus.clock, reason: evil, selected: evil, uri: evil },
    sources: [{ ...source, name: evil, reason: evil, grandmasterIdentity: evil }],
    ports: [{ interface: evil, state: "Lost", trouble: { code: "MER_AGENT_PORT_FAILED", message: evil } }],
    served: [{ grandmaster: evil, interface: evil, domainNumber: 0, trouble: { code: "MER_AGENT_PORT_FAILED", message: evil } }],
    clocks: [{ name: evil, type: "PHC", device: evil, steerable: false, stability: null }],
  };
  const shown = [showStatus(status), showSources(status.sources), showClocks(status.clocks)].join("");
  expect(shown.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
  expect(shown).toContain("owned");
});
