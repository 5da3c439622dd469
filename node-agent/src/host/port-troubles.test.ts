import { expect, test } from "vitest";
import { PortTroubles } from "./port-troubles.js";

test("a port's trouble is news once, another trouble and its end are news again", () => {
  const ports = new PortTroubles();
  const change = (because: string | null): string => {
    const news = ports.change("eth0", because);
    return news.kind === "trouble" ? news.trouble.code : news.kind;
  };
  expect([null, "ENODEV", "ENODEV", "EACCES", "ENODEV", null, null].map(change)).toEqual([
    "none",
    "MER_AGENT_PORT_ABSENT",
    "none",
    "MER_AGENT_PORT_DENIED",
    "MER_AGENT_PORT_ABSENT",
    "opened",
    "none",
  ]);
});

test("holds the trouble of each port that is not open", () => {
  const ports = new PortTroubles();
  ports.change("eth0", "ENODEV");
  ports.change("eth1", "EIO");
  ports.change("eth0", null);
  expect([...ports.all]).toEqual([["eth1", { code: "MER_AGENT_PORT_FAILED", message: "eth1: EIO" }]]);
});
