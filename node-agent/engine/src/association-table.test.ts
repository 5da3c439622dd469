import { describe, expect, it } from "vitest";
import { associationIdOf, type AssociationNeed, AssociationTable } from "./association-table.js";
import type { Action, AssociationId } from "./host.js";

const need: AssociationNeed = { address: "time.example", udpPort: 123, clock: "clock", dscp: 46 };
const id = associationIdOf({ source: "a" });

function configure(table: AssociationTable, needs: Readonly<Record<AssociationId, AssociationNeed>>): readonly Action[] {
  const out: Action[] = [];
  table.configure(new Map(Object.entries(needs)), out);
  return out;
}

function retry(table: AssociationTable, at: number): readonly Action[] {
  const out: Action[] = [];
  table.retry(at, out);
  return out;
}

function aTable(): AssociationTable {
  const table = new AssociationTable();
  configure(table, { [id]: need });
  return table;
}

const open = (change: Partial<AssociationNeed> = {}, association = id): Action => ({
  kind: "OpenAssociation",
  association,
  ...need,
  ...change,
});
const close = (association = id): Action => ({ kind: "CloseAssociation", association });

describe("a lost association", () => {
  it("is opened again after 1, 2, 4 … 30 s, even when each time the socket opens and nobody answers", () => {
    const table = aTable();
    let at = 1000;
    const waits: number[] = [];
    for (let i = 0; i < 10; i++) {
      table.ready(id, "192.0.2.7", "192.0.2.99");
      table.lost(id, "ECONNREFUSED", at);
      const due = table.deadline();
      waits.push(due - at);
      expect(retry(table, due - 0.001)).toEqual([]);
      expect(retry(table, due)).toEqual([open()]);
      expect(table.deadline()).toBe(Number.POSITIVE_INFINITY);
      at = due;
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 30, 30, 30, 30, 30]);
  });

  it("begins with 1 s again once it was answered", () => {
    const table = aTable();
    for (const at of [0, 10, 20]) {
      table.lost(id, "ENOTFOUND", at);
      retry(table, at + 9);
    }
    table.ready(id, "192.0.2.7", "192.0.2.99");
    table.answered(id);
    table.lost(id, "ENETUNREACH", 100);
    expect(table.deadline()).toBe(101);
  });

  it("says why until it is tried again, and has no address", () => {
    const table = aTable();
    table.ready(id, "192.0.2.7", "192.0.2.99");
    expect(table.get(id)).toMatchObject({ opened: { address: "192.0.2.7", localAddress: "192.0.2.99" }, lostBecause: null });
    table.lost(id, "ENETDOWN", 5);
    expect(table.get(id)).toMatchObject({ opened: null, lostBecause: "ENETDOWN", retryAt: 6 });
    retry(table, 6);
    expect(table.get(id)).toMatchObject({ opened: null, lostBecause: null });
  });
});

it("resolves a name anew by closing and opening", () => {
  const table = aTable();
  table.ready(id, "192.0.2.7", "192.0.2.99");
  const out: Action[] = [];
  table.reopen(id, out);
  expect(out).toEqual([close(), open()]);
  expect(table.get(id)?.opened).toBeNull();
});

describe("a new configuration", () => {
  it.each<[string, Readonly<Record<AssociationId, AssociationNeed>>, readonly Action[]]>([
    ["leaves what did not change alone", { [id]: { ...need } }, []],
    ["opens what is new", { [id]: need, "ntp/b": need }, [open({}, "ntp/b")]],
    ["closes what is no longer needed", {}, [close()]],
    ["reopens what is to have another address", { [id]: { ...need, address: "192.0.2.8" } }, [close(), open({ address: "192.0.2.8" })]],
    ["reopens what is to have another port", { [id]: { ...need, udpPort: 124 } }, [close(), open({ udpPort: 124 })]],
    ["reopens what is to have another DSCP", { [id]: { ...need, dscp: 0 } }, [close(), open({ dscp: 0 })]],
    ["reopens what is to have another clock", { [id]: { ...need, clock: "other" } }, [close(), open({ clock: "other" })]],
  ])("%s", (_sentence, needs, actions) => {
    expect(configure(aTable(), needs)).toEqual(actions);
  });

  it("makes late words of an association that is gone meaningless", () => {
    const table = aTable();
    configure(table, {});
    table.ready(id, "192.0.2.7", "192.0.2.99");
    table.answered(id);
    table.lost(id, "ENETDOWN", 1);
    expect([...table.entries()]).toEqual([]);
    expect(table.deadline()).toBe(Number.POSITIVE_INFINITY);
  });
});
