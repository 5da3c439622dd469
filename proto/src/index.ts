/**
 * The hub's contract for both ends: message types from proto/hub.proto and the service definition that @grpc/grpc-js needs.
 * The generated module (pbjs, static) is committed; `npm run verify` regenerates and compares it.
 */
import type { MethodDefinition } from "@grpc/grpc-js";
import { meridian } from "../generated/hub.js";

export import hub = meridian.hub.v1;

type AgentMessage = meridian.hub.v1.AgentMessage;
type HubMessage = meridian.hub.v1.HubMessage;

/** The largest message either side sends or accepts, in bytes; both ends configure gRPC with it. */
export const maxMessageBytes = 256 * 1024;

/** Version of the stream's meaning that this build speaks; peers may differ by one. */
export const protocolVersion = 1;

/** `meridian.hub.v1.Hub/Connect`, bidirectional; the shape grpc-js wants in place of a proto loaded at run time. */
export const hubService = {
  connect: {
    path: "/meridian.hub.v1.Hub/Connect",
    requestStream: true,
    responseStream: true,
    requestSerialize: (message: AgentMessage) => Buffer.from(meridian.hub.v1.AgentMessage.encode(message).finish()),
    requestDeserialize: (bytes: Buffer) => meridian.hub.v1.AgentMessage.decode(bytes),
    responseSerialize: (message: HubMessage) => Buffer.from(meridian.hub.v1.HubMessage.encode(message).finish()),
    responseDeserialize: (bytes: Buffer) => meridian.hub.v1.HubMessage.decode(bytes),
  } satisfies MethodDefinition<AgentMessage, HubMessage>,
};
