/** The PTP messages as values: IEEE 1588-2019 13.3 to 13.13. TLVs are measured (13.4) but not yet read. */
import type { Instant } from "../../time/units.js";
import type { ClockIdentity, PortIdentity } from "./identity.js";

/** messageType, table 36. Event messages are below 8. */
export const messageType = {
  sync: 0x0,
  delayReq: 0x1,
  pdelayReq: 0x2,
  pdelayResp: 0x3,
  followUp: 0x8,
  delayResp: 0x9,
  pdelayRespFollowUp: 0xa,
  announce: 0xb,
  signaling: 0xc,
  management: 0xd,
} as const;

/** flagField, table 37: the first octet is the high byte. */
export const flag = {
  alternateTimeTransmitter: 0x0100,
  twoStep: 0x0200,
  unicast: 0x0400,
  leap61: 0x0001,
  leap59: 0x0002,
  currentUtcOffsetValid: 0x0004,
  ptpTimescale: 0x0008,
  timeTraceable: 0x0010,
  frequencyTraceable: 0x0020,
  synchronizationUncertain: 0x0040,
} as const;

/** Common header, 13.3.1. */
export interface Header {
  /** 12 bits: majorSdoId and minorSdoId. */
  readonly sdoId: number;
  readonly minorVersion: number;
  readonly domainNumber: number;
  readonly flags: number;
  /** ns with 2^-16 resolution; the wire's int64 is exact up to 2^53 of its units (39 hours). */
  readonly correction: number;
  readonly source: PortIdentity;
  readonly sequenceId: number;
  /** 0x7F: not stated. */
  readonly logInterval: number;
}

/** clockQuality, 5.3.7. */
export interface ClockQuality {
  readonly clockClass: number;
  readonly clockAccuracy: number;
  readonly offsetScaledLogVariance: number;
}

export interface AnnounceBody {
  readonly origin: Instant;
  /** TAI − UTC, s. */
  readonly currentUtcOffset: number;
  readonly priority1: number;
  readonly quality: ClockQuality;
  readonly priority2: number;
  readonly grandmasterIdentity: ClockIdentity;
  readonly stepsRemoved: number;
  readonly timeSource: number;
}

export type PtpMessage = { readonly header: Header } & (
  | { readonly type: "Sync"; readonly origin: Instant }
  | { readonly type: "Delay_Req"; readonly origin: Instant }
  | { readonly type: "Pdelay_Req"; readonly origin: Instant }
  | { readonly type: "Pdelay_Resp"; readonly requestReceipt: Instant; readonly requester: PortIdentity }
  | { readonly type: "Follow_Up"; readonly preciseOrigin: Instant }
  | { readonly type: "Delay_Resp"; readonly receive: Instant; readonly requester: PortIdentity }
  | { readonly type: "Pdelay_Resp_Follow_Up"; readonly responseOrigin: Instant; readonly requester: PortIdentity }
  | { readonly type: "Announce"; readonly body: AnnounceBody }
  | { readonly type: "Signaling"; readonly target: PortIdentity }
  | {
      readonly type: "Management";
      readonly target: PortIdentity;
      readonly startingBoundaryHops: number;
      readonly boundaryHops: number;
      /** 0 GET … 4 ACKNOWLEDGE, table 57. */
      readonly action: number;
    }
);

export type PtpMessageType = PtpMessage["type"];
