/** What an answer says of its server's time, as the ensemble wants it, and whether that time may be used. */
import type { RemoteState } from "../ensemble/measurement.js";
import { currentTaiMinusUtc } from "../time/leap-table.js";
import type { Nanoseconds } from "../time/units.js";
import { leapIndicator, type NtpHeader, unsynchronizedStratum } from "../wire/ntp/header.js";
import { formatReferenceId, referenceIdOfAddress } from "../wire/ntp/reference-id.js";
import type { AssociationMachine, AssociationTrouble } from "./association-data.js";

/** Root delay / 2 + root dispersion of a server that is not worth hearing: ntpd's limit, 1.5 s (RFC 5905 names 1 s, chrony 3 s). */
const largestRootDistance = 1.5e9;
/** What a server may say of the resolution of its labels and still be believed, ns. */
const finest = 1;
const coarsest = 1e9;

export function rootDistanceOf({ rootDelay, rootDispersion }: NtpHeader): Nanoseconds {
  return rootDelay / 2 + rootDispersion;
}

/** Why its time is not used; null: it is. Stratum 0 is a kiss code and not asked about here. */
export function troubleOf(header: NtpHeader, localAddress: string | null): AssociationTrouble | null {
  const { leap, stratum, referenceId } = header;
  if (leap === leapIndicator.unsynchronized || stratum >= unsynchronizedStratum) return "Unsynchronized";
  if (rootDistanceOf(header) >= largestRootDistance) return "RootDistance";
  // It follows us: both would follow nothing (RFC 5905 A.5.1.1, TEST11).
  if (stratum > 1 && localAddress !== null && referenceIdOfAddress(localAddress) === referenceId) return "Loop";
  return null;
}

/**
 * The server's error. Root distance is its hard limit. It is taken for the systematic part too, unless the user vouches for less:
 * a server tells no standard deviation, most of its dispersion is what its drift *may* have been, and only who knows the server can
 * say that it is better than it says.
 */
export function remoteStateOf({ uncertainty }: AssociationMachine, header: NtpHeader, trouble: AssociationTrouble | null): RemoteState {
  const distance = rootDistanceOf(header);
  const rootHard = Math.max(distance, uncertainty ?? 0);
  return {
    scale: "UTC",
    taiMinusUtc: null,
    leap:
      header.leap === leapIndicator.last61 ? 1 : header.leap === leapIndicator.last59 ? -1 : header.leap === leapIndicator.none ? 0 : null,
    rootHard,
    rootSigma: null,
    rootTau: null,
    rootSystematic: uncertainty ?? rootHard,
    path: [formatReferenceId(header.stratum, header.referenceId)],
    stepsRemoved: Math.max(0, header.stratum - 1),
    uncertain: trouble !== null,
  };
}

/**
 * Resolution of its labels, ns: 2^precision s. Servers fill the bits below with noise (RFC 5905 6), so that a label may prove an
 * instant only to within it.
 */
export function resolutionOf({ precision }: NtpHeader): Nanoseconds {
  return Math.min(coarsest, Math.max(finest, 2 ** precision * 1e9));
}

/** Seconds to add to a label, which is UTC, so that it reads in the local clock's scale. */
export function labelOffset({ clockScale }: AssociationMachine): number {
  return clockScale === "TAI" ? currentTaiMinusUtc() : 0;
}
