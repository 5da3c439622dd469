import { type ServiceError, status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { describeFailure } from "./stream-failure.js";

const failure = (code: status, details: string) => ({ code, details, message: "m" }) as ServiceError;

test.each([
  ["connect ECONNREFUSED 127.0.0.1:1", "MER_AGENT_HUB_UNREACHABLE"],
  ["Name resolution failed for target dns:nowhere:1", "MER_AGENT_HUB_UNREACHABLE"],
  ["Last error: unable to verify the first certificate", "MER_AGENT_HUB_UNTRUSTED"],
  ["Last error: self-signed certificate in certificate chain", "MER_AGENT_HUB_UNTRUSTED"],
  ["Hostname/IP does not match certificate's altnames", "MER_AGENT_HUB_UNTRUSTED"],
])("before the hub has answered, '%s' is %s", (details, code) => {
  expect(describeFailure(failure(status.UNAVAILABLE, details), false)).toEqual({ code, reason: details });
});

test("what ends a stream that stood is a loss, whatever it says", () => {
  expect(describeFailure(failure(status.UNAVAILABLE, "certificate"), true)).toEqual({
    code: "MER_AGENT_HUB_LOST",
    reason: "UNAVAILABLE: certificate",
  });
});

test("a hub that refuses is a loss with gRPC's own word", () => {
  expect(describeFailure(failure(status.UNIMPLEMENTED, ""), false)).toEqual({ code: "MER_AGENT_HUB_LOST", reason: "UNIMPLEMENTED: m" });
});
