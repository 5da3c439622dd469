/** 12: what stands between a grandmaster and a node writes wrong residence times; a grandmaster changes between one step and two. */
import type { Packet, SegmentHost } from "@meridian/engine/sim";
import type { Exclusion } from "./fault-event.js";
import type { FaultVariant } from "./fault-scenario.js";
import { FaultNetwork, followsPtp, onSegment } from "./segment-scenario.js";

const [at, back, until] = [60.3, 120.3, 180];
/** Up to that long a packet waits in the transparent clock, s. */
const residence = 50e-6;
/** Of a correctionField: 2^-16 ns (IEEE 1588-2019 13.3.2.9). */
const scale = 2 ** 16;
const type = { sync: 0, request: 1, followUp: 8, announce: 11 } as const;
const [twoStepOctet, twoStepBit] = [6, 2];
const taiMinusUtc = 37;

const typeOf = ({ bytes }: Packet): number => (bytes[0] ?? 0) & 0x0f;
const viewOf = ({ bytes }: Packet): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** What it writes for a residence of so many ns, true s. */
type Writes = (nanoseconds: number, now: number) => number;

/** @param size how wrong a correction may be, ns. @param excluded when it exceeds what was waited: then nothing is proven */
function residing(name: string, writes: Writes, size: number, excluded?: Exclusion): FaultVariant {
  return onSegment(name, (seed) => {
    const waits = new Map<number, number>();
    const extra = new WeakMap<Packet, number>();
    const network: FaultNetwork = new FaultNetwork(
      seed,
      {
        rewrites(packet, now) {
          const kind = typeOf(packet);
          const view = viewOf(packet);
          const sequence = view.getUint16(30);
          if (kind === type.sync || kind === type.request) {
            const waited = residence * network.random.uniform();
            extra.set(packet, waited);
            if (kind === type.sync) waits.set(sequence, waited);
            else view.setBigInt64(8, scaled(writes(waited * 1e9, now)));
          } else if (kind === type.followUp) view.setBigInt64(8, scaled(writes((waits.get(sequence) ?? 0) * 1e9, now)));
        },
      },
      (packet) => extra.get(packet) ?? 0,
    );
    network.addGrandmaster("gm", 0);
    const node = network.addNode("node", { receivers: [followsPtp("gm", 0)] });
    const events = [{ at, until, over: back, size, ...(excluded && { excluded }) }];
    return { network, segment: network.segment, node: () => node, happenings: [], events };
  });
}

function scaled(nanoseconds: number): bigint {
  return BigInt.asIntN(64, BigInt(Math.round(nanoseconds * scale)));
}

/** Right, but for the minute between the two events. */
const wrongly =
  (wrong: Writes): Writes =>
  (waited, now) =>
    now >= at && now < back ? wrong(waited, now) : waited;

/** ±2^47 of its unit, in one packet of so many. */
const absurdly = (sign: number, oneOf: number): Writes => {
  let count = 0;
  return wrongly((waited) => (count++ % oneOf === 0 ? (sign * 2 ** 47) / scale : waited));
};

/** The grandmaster puts its stamp into the Sync itself, and sends no Follow_Up. */
function oneStep(name: string, isOneStep: (now: number) => boolean): FaultVariant {
  return onSegment(name, (seed) => {
    const network = new FaultNetwork(seed, {
      loses: (packet, now) => typeOf(packet) === type.followUp && isOneStep(now),
      rewrites(packet, now) {
        if (typeOf(packet) !== type.sync || !isOneStep(now)) return;
        const view = viewOf(packet);
        view.setUint8(twoStepOctet, view.getUint8(twoStepOctet) & ~twoStepBit);
        const { seconds, nanoseconds } = grandmaster.stamp(now);
        view.setUint16(34, 0);
        view.setUint32(36, seconds + taiMinusUtc);
        view.setUint32(40, nanoseconds);
      },
    });
    const grandmaster: SegmentHost = network.addGrandmaster("gm", 0);
    const node = network.addNode("node", { receivers: [followsPtp("gm", 0)] });
    const events = [
      { at, until: back - 1, size: 0 },
      { at: back, until, size: 0 },
    ];
    return { network, segment: network.segment, node: () => node, happenings: [], events };
  });
}

const lie = "LyingCorrection";

export const transparentClocks: readonly FaultVariant[] = [
  residing(
    "residence.forgotten",
    wrongly(() => 0),
    residence * 1e9,
  ),
  residing(
    "residence.half",
    wrongly((waited) => waited / 2),
    residence * 1e9,
  ),
  residing(
    "residence.over_1%",
    wrongly((waited) => 1.01 * waited),
    500,
    lie,
  ),
  residing(
    "residence.twice",
    wrongly((waited) => 2 * waited),
    residence * 1e9,
    lie,
  ),
  residing(
    "residence.plus_100us",
    wrongly((waited) => waited + 1e5),
    1e5,
    lie,
  ),
  residing(
    "residence.minus_100us",
    wrongly((waited) => waited - 1e5),
    1e5,
  ),
  ...[1, -1].flatMap((sign) =>
    [1, 2, 10, 100].map((oneOf) =>
      residing(
        `correction.${sign > 0 ? "+" : "-"}2^47.one_of_${String(oneOf)}`,
        absurdly(sign, oneOf),
        2 ** 31,
        sign > 0 ? lie : undefined,
      ),
    ),
  ),
  oneStep("one_step.switch", (now) => now >= at && now < back),
  oneStep("one_step.every_second", (now) => now >= at && now < back && Math.floor(now) % 2 === 0),
  oneStep("one_step.until_then", (now) => now < at),
];
