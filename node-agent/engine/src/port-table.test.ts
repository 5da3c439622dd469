import { describe, expect, it } from "vitest";
import type { Action, PortId } from "./host.js";
import { type PortNeed, PortTable } from "./port-table.js";

const need: PortNeed = { clock: "clock", dscp: 46, answersRequests: false };
const address = Uint8Array.of(2, 0, 0, 0, 0, 1);

function configure(table: PortTable, needs: Readonly<Record<PortId, PortNeed>>): readonly Action[] {
  const out: Action[] = [];
  table.configure(new Map(Object.entries(needs)), out);
  return out;
}

function retry(table: PortTable, at: number): readonly Action[] {
  const out: Action[] = [];
  table.retry(at, out);
  return out;
}

function aTable(...ports: PortId[]): PortTable {
  const table = new PortTable();
  configure(table, Object.fromEntries(ports.map((port) => [port, need])));
  return table;
}

const open = (port: PortId, change: Partial<PortNeed> = {}): Action => ({ kind: "OpenPort", port, ...need, ...change });
const close = (port: PortId): Action => ({ kind: "ClosePort", port });

describe("a lost port", () => {
  it("is opened again after 1, 2, 4 … 30 s, for ever", () => {
    const table = aTable("eth0");
    let at = 1000;
    const waits: number[] = [];
    for (let i = 0; i < 40; i++) {
      table.lost("eth0", "ENODEV", at);
      const due = table.deadline();
      waits.push(due - at);
      expect(retry(table, due - 0.001)).toEqual([]);
      expect(retry(table, due)).toEqual([open("eth0")]);
      expect(table.deadline()).toBe(Number.POSITIVE_INFINITY);
      at = due;
    }
    expect(waits.slice(0, 8)).toEqual([1, 2, 4, 8, 16, 30, 30, 30]);
    expect(waits.at(-1)).toBe(30);
  });

  it("says why until it is tried again, and has no identity", () => {
    const table = aTable("eth0");
    table.ready("eth0", address);
    expect(table.get("eth0")).toMatchObject({ identity: 0x020000fffe000001n, lostBecause: null });
    table.lost("eth0", "ENETDOWN", 5);
    expect(table.get("eth0")).toMatchObject({ identity: null, lostBecause: "ENETDOWN", retryAt: 6 });
    retry(table, 6);
    expect(table.get("eth0")).toMatchObject({ identity: null, lostBecause: null });
  });

  it("begins with 1 s again once it was open", () => {
    const table = aTable("eth0");
    for (const at of [0, 10, 20]) {
      table.lost("eth0", "ENODEV", at);
      retry(table, at + 5);
    }
    table.ready("eth0", address);
    table.lost("eth0", "ENETDOWN", 100);
    expect(table.deadline()).toBe(101);
  });

  it("does not hold up another one", () => {
    const table = aTable("eth0", "eth1");
    table.ready("eth1", address);
    table.lost("eth0", "ENODEV", 0);
    table.lost("eth1", "ENODEV", 0.5);
    expect(table.deadline()).toBe(1);
    expect(retry(table, 1)).toEqual([open("eth0")]);
    expect(table.deadline()).toBe(1.5);
  });
});

describe("a new configuration", () => {
  it.each<[string, Readonly<Record<PortId, PortNeed>>, readonly Action[]]>([
    ["leaves what did not change alone", { eth0: { ...need } }, []],
    ["opens what is new", { eth0: need, eth1: need }, [open("eth1")]],
    ["closes what is no longer needed", {}, [close("eth0")]],
    ["reopens what is to have another DSCP", { eth0: { ...need, dscp: 0 } }, [close("eth0"), open("eth0", { dscp: 0 })]],
    ["reopens what is to have another clock", { eth0: { ...need, clock: "other" } }, [close("eth0"), open("eth0", { clock: "other" })]],
    [
      "reopens what is to answer requests",
      { eth0: { ...need, answersRequests: true } },
      [close("eth0"), open("eth0", { answersRequests: true })],
    ],
  ])("%s", (_sentence, needs, actions) => {
    expect(configure(aTable("eth0"), needs)).toEqual(actions);
  });

  it("keeps the wait of a lost port whose need did not change", () => {
    const table = aTable("eth0");
    table.lost("eth0", "ENODEV", 10);
    expect(configure(table, { eth0: need })).toEqual([]);
    expect(table.deadline()).toBe(11);
  });

  it("makes late words of a port that is gone meaningless", () => {
    const table = aTable("eth0");
    configure(table, {});
    table.ready("eth0", address);
    table.lost("eth0", "ENODEV", 1);
    expect([...table.entries()]).toEqual([]);
    expect(table.deadline()).toBe(Number.POSITIVE_INFINITY);
  });
});
