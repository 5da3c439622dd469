/**
 * The hub's contract for both ends: message types from proto/hub.proto and the service definition that @grpc/grpc-js needs.
 * The generated module (pbjs, static) is committed; `npm run verify` regenerates and compares it.
 */
import type { MethodDefinition } from "@grpc/grpc-js";
// Before the generated module: see there.
import "./plain-numbers.js";
import { meridian } from "../generated/hub.js";

/** Message classes: `hub.AgentMessage.create({…})`, `hub.Report.decode(bytes)`. */
export const hub = meridian.hub.v1;

export type AgentMessage = meridian.hub.v1.AgentMessage.$Properties;
export type HubMessage = meridian.hub.v1.HubMessage.$Properties;
export type Hello = meridian.hub.v1.Hello.$Properties;
export type Capabilities = meridian.hub.v1.Capabilities.$Properties;
export type Report = meridian.hub.v1.Report.$Properties;
export type SourceReport = meridian.hub.v1.SourceReport.$Properties;
export type Applied = meridian.hub.v1.Applied.$Properties;
export type PartResult = meridian.hub.v1.PartResult.$Properties;
export type EffectiveConfig = meridian.hub.v1.EffectiveConfig.$Properties;
export type PtpReceiver = meridian.hub.v1.PtpReceiver.$Properties;
export type PtpTransmitter = meridian.hub.v1.PtpTransmitter.$Properties;
export type NtpAssociation = meridian.hub.v1.NtpAssociation.$Properties;
export type NtpServer = meridian.hub.v1.NtpServer.$Properties;
export type Conflict = meridian.hub.v1.Conflict.$Properties;
export type PtpTiming = meridian.hub.v1.PtpTiming.$Properties;

/** Why the hub ends a stream. */
export const CloseCode = meridian.hub.v1.CloseCode;
export type CloseCode = meridian.hub.v1.CloseCode;

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
    requestSerialize: (message: AgentMessage) => Buffer.from(hub.AgentMessage.encode(message).finish()),
    requestDeserialize: (bytes: Buffer): AgentMessage => hub.AgentMessage.decode(bytes),
    responseSerialize: (message: HubMessage) => Buffer.from(hub.HubMessage.encode(message).finish()),
    responseDeserialize: (bytes: Buffer): HubMessage => hub.HubMessage.decode(bytes),
  } satisfies MethodDefinition<AgentMessage, HubMessage>,
};
