import fc from "fast-check";
import { expect, test } from "vitest";
import { PartError } from "./read-fields.js";
import { readAssociation, readNtpServer } from "./read-ntp.js";

const given = { source: "a", address: "time.example.org", log2MinPollInterval: 4, log2MaxPollInterval: 6, use: "Primary" };

test("what is not given has the protocol's default", () => {
  expect(readAssociation(given)).toEqual({
    source: "a",
    address: "time.example.org",
    port: 123,
    logMinPoll: 4,
    logMaxPoll: 6,
    interleaved: false,
    use: "Primary",
    priority: 0,
    independenceGroup: "a",
    delayCompensation: 0,
    uncertainty: null,
    dscp: 0,
  });
  expect(readNtpServer({ allowedCidrs: ["10.0.0.0/8"] })).toEqual({ port: 123, allowed: ["10.0.0.0/8"] });
});

test.each([
  ["no source", { source: "" }],
  ["no address", { address: "" }],
  ["an address with a path", { address: "a/b" }],
  ["an address with a space", { address: "a b" }],
  ["an IPv6 address", { address: "::1" }],
  ["a label of 64 letters", { address: `${"a".repeat(64)}.org` }],
  ["a port beyond 65535", { port: 65_536 }],
  ["a poll below 1/16 s", { log2MinPollInterval: -5 }],
  ["a poll beyond 36 h", { log2MaxPollInterval: 18 }],
  ["a maximum below the minimum", { log2MinPollInterval: 6, log2MaxPollInterval: 4 }],
  ["a priority beyond 1000", { priority: 1001 }],
  ["a DSCP beyond 63", { dscp: 64 }],
])("%s is refused", (_what, change) => {
  expect(() => readAssociation({ ...given, ...change })).toThrow(PartError);
});

test.each([
  [[]],
  [["10.0.0.0"]],
  [["10.0.0.0/33"]],
  [["010.0.0.0/8"]],
  [["10.0.0.0/08"]],
  [["256.0.0.0/8"]],
  [["::/0"]],
  [Array.from({ length: 33 }, () => "10.0.0.0/8")],
])("networks %j are refused", (allowedCidrs) => {
  expect(() => readNtpServer({ allowedCidrs })).toThrow(PartError);
});

test("whatever a hub sends, it becomes a configuration or a refusal", () => {
  const junk = fc.record({
    source: fc.string(),
    address: fc.string(),
    port: fc.nat(),
    log2MinPollInterval: fc.integer(),
    use: fc.string(),
  });
  fc.assert(
    fc.property(junk, (association) => {
      try {
        const { address, logMinPoll, logMaxPoll } = readAssociation(association);
        return !/[^a-z0-9.-]/i.test(address) && logMinPoll <= logMaxPoll;
      } catch (error) {
        return error instanceof PartError;
      }
    }),
  );
});
