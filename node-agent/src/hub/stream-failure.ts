/** Why a stream to the hub failed, as one of our codes: gRPC says UNAVAILABLE for everything between a dead host and a wrong certificate. */
import { type ServiceError, status } from "@grpc/grpc-js";
import type { AgentErrorCode } from "../errors.js";

export interface StreamFailure {
  readonly code: AgentErrorCode;
  readonly reason: string;
}

/** What Node's TLS says of a certificate it does not accept; grpc-js passes the text on and nothing else. */
const certificateTrouble = /certificate|altnames|self.signed|unable to verify|ERR_TLS|ERR_SSL|SSL routines/i;

/** @param welcomed the hub had answered on this stream */
export function describeFailure({ code, details, message }: ServiceError, welcomed: boolean): StreamFailure {
  const reason = details || message;
  if (welcomed || code !== status.UNAVAILABLE) return { code: "MER_AGENT_HUB_LOST", reason: `${status[code] ?? String(code)}: ${reason}` };
  return { code: certificateTrouble.test(reason) ? "MER_AGENT_HUB_UNTRUSTED" : "MER_AGENT_HUB_UNREACHABLE", reason };
}
