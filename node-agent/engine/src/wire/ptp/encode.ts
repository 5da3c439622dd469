/** PtpMessage → octets. Writes version 2.1, controlField as table 42 and no TLVs. */
import type { Instant } from "../../time/units.js";
import type { PortIdentity } from "./identity.js";
import { messageType, type PtpMessage, type PtpMessageType } from "./message.js";

interface Layout {
  readonly type: number;
  readonly octets: number;
  /** controlField, 13.3.2.13: receivers ignore it, old ones do not. */
  readonly control: number;
}

const layouts: Readonly<Record<PtpMessageType, Layout>> = {
  Sync: { type: messageType.sync, octets: 44, control: 0 },
  Delay_Req: { type: messageType.delayReq, octets: 44, control: 1 },
  Pdelay_Req: { type: messageType.pdelayReq, octets: 54, control: 5 },
  Pdelay_Resp: { type: messageType.pdelayResp, octets: 54, control: 5 },
  Follow_Up: { type: messageType.followUp, octets: 44, control: 2 },
  Delay_Resp: { type: messageType.delayResp, octets: 54, control: 3 },
  Pdelay_Resp_Follow_Up: { type: messageType.pdelayRespFollowUp, octets: 54, control: 5 },
  Announce: { type: messageType.announce, octets: 64, control: 5 },
  Signaling: { type: messageType.signaling, octets: 44, control: 5 },
  Management: { type: messageType.management, octets: 48, control: 4 },
};

/** @returns a fresh array of exactly the message's length. @throws RangeError when a number does not fit its field. */
export function encodeMessage(message: PtpMessage): Uint8Array {
  const { type, octets, control } = layouts[message.type];
  const out = new Uint8Array(octets);
  const view = new DataView(out.buffer);
  const { header } = message;
  view.setUint8(0, ((header.sdoId >> 8) << 4) | type);
  view.setUint8(1, (header.minorVersion << 4) | 2);
  view.setUint16(2, octets);
  view.setUint8(4, header.domainNumber);
  view.setUint8(5, header.sdoId & 0xff);
  view.setUint16(6, header.flags);
  writeCorrection(view, header.correction);
  writePortIdentity(view, 20, header.source);
  view.setUint16(30, header.sequenceId);
  view.setUint8(32, control);
  view.setInt8(33, header.logInterval);
  writeBody(view, message);
  return out;
}

function writeBody(view: DataView, message: PtpMessage): void {
  switch (message.type) {
    case "Sync":
    case "Delay_Req":
    case "Pdelay_Req":
      return writeInstant(view, 34, message.origin);
    case "Follow_Up":
      return writeInstant(view, 34, message.preciseOrigin);
    case "Pdelay_Resp":
      writeInstant(view, 34, message.requestReceipt);
      return writePortIdentity(view, 44, message.requester);
    case "Delay_Resp":
      writeInstant(view, 34, message.receive);
      return writePortIdentity(view, 44, message.requester);
    case "Pdelay_Resp_Follow_Up":
      writeInstant(view, 34, message.responseOrigin);
      return writePortIdentity(view, 44, message.requester);
    case "Announce": {
      const { body } = message;
      writeInstant(view, 34, body.origin);
      view.setInt16(44, body.currentUtcOffset);
      view.setUint8(47, body.priority1);
      view.setUint8(48, body.quality.clockClass);
      view.setUint8(49, body.quality.clockAccuracy);
      view.setUint16(50, body.quality.offsetScaledLogVariance);
      view.setUint8(52, body.priority2);
      view.setBigUint64(53, body.grandmasterIdentity);
      view.setUint16(61, body.stepsRemoved);
      view.setUint8(63, body.timeSource);
      return;
    }
    case "Signaling":
      return writePortIdentity(view, 34, message.target);
    case "Management":
      writePortIdentity(view, 34, message.target);
      view.setUint8(44, message.startingBoundaryHops);
      view.setUint8(45, message.boundaryHops);
      view.setUint8(46, message.action);
      return;
  }
}

/** int64 of ns·2^16 (13.3.2.9). */
function writeCorrection(view: DataView, nanoseconds: number): void {
  const units = Math.round(nanoseconds * 0x1_0000);
  if (!Number.isSafeInteger(units)) throw new RangeError(`correctionField of ${nanoseconds} ns`);
  view.setBigInt64(8, BigInt(units));
}

function writePortIdentity(view: DataView, at: number, identity: PortIdentity): void {
  view.setBigUint64(at, identity.clockIdentity);
  view.setUint16(at + 8, identity.portNumber);
}

function writeInstant(view: DataView, at: number, { seconds, nanoseconds }: Instant): void {
  if (!(seconds >= 0 && seconds < 2 ** 48 && nanoseconds >= 0 && nanoseconds < 1e9))
    throw new RangeError(`time stamp ${seconds} s ${nanoseconds} ns`);
  view.setUint16(at, Math.floor(seconds / 0x1_0000_0000));
  view.setUint32(at + 2, seconds % 0x1_0000_0000);
  view.setUint32(at + 6, nanoseconds);
}
