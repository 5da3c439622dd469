/**
 * 11: one of three announces a leap second that does not come, or makes it; says another TAI − UTC than everybody; when the leap table
 * has ended; when a process begins again in the last second of the day. The truth has no leap second.
 */
import { leapTable } from "@meridian/engine";
import type { Packet, SegmentHost, SimulatedNtpServer } from "@meridian/engine/sim";
import type { FaultEvent } from "./fault-event.js";
import type { FaultVariant } from "./fault-scenario.js";
import { asksNtp, FaultNetwork, followsPtp, type Happening, onSegment } from "./segment-scenario.js";

/** s of the segment: an announcement, midnight, the end. */
const [announced, midnight, until] = [60.3, 120, 240];
const second = 1e9;
const day = 86_400;
/** The segment begins two minutes before a day ends. */
const beforeMidnight = (posix: number): number => Math.floor(posix / day) * day - midnight;
const known = beforeMidnight(leapTable.validUntil - 60 * day);
const expired = beforeMidnight(leapTable.validUntil + 4 * day);
/** RFC 5905 7.3: the last minute has 61 or 59 seconds. */
const indicators = { 1: 1, [-1]: 2 } as const;
type Leap = 1 | -1;

/** The last of three NTP servers says it and, if it means it, makes it at midnight: it puts one second in, or leaves one out. */
function ntpLeap(name: string, leap: Leap, epoch: number, isMade: boolean, restartsAt: number | null = null): FaultVariant {
  return onSegment(name, (seed) => {
    const network = new FaultNetwork(seed, { epoch });
    const servers: SimulatedNtpServer[] = ["10.9.0.1", "10.9.0.2"].map((address) => network.addNtpServer(address));
    const liar = network.addNtpServer("10.9.0.3", (at) => (isMade && at >= midnight ? -leap * second : 0));
    const associations = [...servers, liar].map(({ address }, i) => asksNtp(i === 2 ? "l" : `s${String(i)}`, address));
    let node: SegmentHost = network.addNode("node", { associations });
    const happenings: Happening[] = [
      { at: announced, happens: () => void (liar.fields = { ...liar.fields, leap: indicators[leap] }) },
      { at: midnight, happens: () => void (liar.fields = { ...liar.fields, leap: 0 }) },
    ];
    if (restartsAt !== null)
      happenings.splice(1, 0, {
        at: restartsAt,
        happens() {
          const offset = node.errorAt(restartsAt) - restartsAt * 18_000;
          network.segment.remove(node);
          node = network.addNode("node", { associations }, { offset });
        },
      });
    const lie: FaultEvent = { at: midnight, until, size: 0, ...(isMade && { liar: "l", tellers: ["l"] }) };
    const events = [{ at: announced, until: Math.min(midnight, restartsAt ?? midnight) - 1, size: 0 }, lie];
    return { network, segment: network.segment, node: () => node, happenings, events };
  });
}

const announceType = 11;
const [flagOctet, utcOffsetOctet] = [7, 44];
const leapFlags = { 1: 1, [-1]: 2 } as const;

/** One of so many grandmasters says so in its Announce. @param liesFrom when that begins to be wrong, s */
function ptpSays(
  name: string,
  grandmasters: number,
  epoch: number,
  liesFrom: number,
  says: (view: DataView, at: number) => void,
): FaultVariant {
  return onSegment(name, (seed) => {
    const network = new FaultNetwork(seed, {
      epoch,
      rewrites(packet: Packet, at) {
        if (packet.from === "l" && ((packet.bytes[0] ?? 0) & 0x0f) === announceType && at >= announced)
          says(new DataView(packet.bytes.buffer, packet.bytes.byteOffset), at);
      },
    });
    const names = Array.from({ length: grandmasters }, (_, i) => (i === 0 ? "l" : `g${String(i)}`));
    names.forEach((grandmaster, domain) => network.addGrandmaster(grandmaster, domain));
    const node = network.addNode("node", { receivers: names.map((source, domain) => followsPtp(source, domain)) });
    const lonely = grandmasters === 1;
    const events: FaultEvent[] = [{ at: liesFrom, until, size: 0, tellers: ["l"], liar: "l", ...(lonely && { over: null }) }];
    return { network, segment: network.segment, node: () => node, happenings: [], events };
  });
}

const saysOffset =
  (seconds: number) =>
  (view: DataView): void =>
    view.setInt16(utcOffsetOctet, seconds);

/** Announced until midnight, and another offset from then on: nobody else says so. */
const leaps =
  (leap: Leap) =>
  (view: DataView, at: number): void => {
    if (at < midnight) view.setUint8(flagOctet, view.getUint8(flagOctet) | leapFlags[leap]);
    else view.setInt16(utcOffsetOctet, 37 + leap);
  };

const leapKinds: readonly Leap[] = [1, -1];

export const leapSeconds: readonly FaultVariant[] = [
  ...leapKinds.flatMap((leap) => {
    const sign = leap > 0 ? "+1" : "-1";
    return [
      ntpLeap(`ntp.${sign}.announced`, leap, known, false),
      ntpLeap(`ntp.${sign}.made`, leap, known, true),
      ntpLeap(`ntp.${sign}.made.expired`, leap, expired, true),
      ntpLeap(`ntp.${sign}.made.restart`, leap, known, true, midnight - 1),
      ntpLeap(`ntp.${sign}.made.restart.expired`, leap, expired, true, midnight - 1),
      ptpSays(`ptp.${sign}`, 3, known, midnight, leaps(leap)),
      ptpSays(`ptp.${sign}.expired`, 3, expired, midnight, leaps(leap)),
    ];
  }),
  ...[36, 38].flatMap((offset) => [
    ptpSays(`ptp.offset${String(offset)}`, 3, known, announced, saysOffset(offset)),
    ptpSays(`ptp.offset${String(offset)}.expired`, 3, expired, announced, saysOffset(offset)),
    ptpSays(`ptp.alone.offset${String(offset)}`, 1, known, announced, saysOffset(offset)),
  ]),
];
