import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decideRetry, parseRetryAfterMs } from "./retry-policy.js";

describe("retry policy", () => {
  it("never retries earlier than the server asked for, nor beyond the time limit, nor for ever", () => {
    const attempt = fc.record({
      number: fc.nat(10),
      readsOnly: fc.boolean(),
      callerRetries: fc.boolean(),
      status: fc.constantFrom(undefined, 200, 404, 409, 429, 500, 503),
      retryAfterMs: fc.option(fc.nat(100_000), { nil: undefined }),
      remainingMs: fc.nat(100_000),
    });
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(attempt, random, (given, chance) => {
        const decision = decideRetry(given, chance);
        if (decision.kind === "give-up") return;
        expect(decision.afterMs).toBeGreaterThanOrEqual(given.retryAfterMs ?? 0);
        expect(decision.afterMs).toBeLessThan(given.remainingMs);
        expect(given.callerRetries).toBe(false);
        expect(given.number).toBeLessThan(4);
        expect([undefined, 429, 503]).toContain(given.status);
      }),
    );
  });

  it.each([
    ["7", 7000],
    ["Thu, 01 Jan 1970 00:00:30 GMT", 20_000],
    ["Thu, 01 Jan 1970 00:00:01 GMT", 0],
    ["soon", undefined],
    [undefined, undefined],
  ])("reads Retry-After: %s", (header, expected) => {
    expect(parseRetryAfterMs(header, new Date(10_000))).toBe(expected);
  });
});
