/** NtpAssociation and NtpServer of the hub's configuration → the engine's. */
import type { AssociationConfig, NtpServerConfig } from "@meridian/engine";
import type { NtpAssociation, NtpServer } from "@meridian/proto";
import { printable } from "./printable.js";
import { PartError, readName, readNumber, readWord } from "./read-fields.js";

/** RFC 5905 7.2. */
const defaultPort = 123;
const mostNetworks = 32;
/** RFC 1123 2.1: labels of letters, digits and hyphens; an IPv4 address has the same letters. */
const hostName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\.?$/i;
/** Without leading zeros: some read them as octal. */
const octet = "(0|[1-9]\\d{0,2})";
const network = new RegExp(`^${octet}\\.${octet}\\.${octet}\\.${octet}/(0|[1-9]\\d?)$`);

/** @throws PartError */
export function readAssociation(association: NtpAssociation): AssociationConfig {
  const source = readName("source", association.source);
  const address = readName("address", association.address);
  if (!hostName.test(address))
    throw new PartError("MER_AGENT_PART_INVALID", `address "${printable(address, 64)}" is neither IPv4 nor a DNS name`);
  const logMinPoll = readNumber("log2_min_poll_interval", association.log2MinPollInterval ?? 0, -4, 17);
  return {
    source,
    address,
    port: readNumber("port", association.port || defaultPort, 1, 65_535),
    logMinPoll,
    logMaxPoll: readNumber("log2_max_poll_interval", association.log2MaxPollInterval ?? 0, logMinPoll, 17),
    interleaved: association.interleaved ?? false,
    use: readWord(association.use, ["Primary", "Fallback", "Watchdog"], "Watchdog"),
    priority: readNumber("priority", association.priority ?? 0, 0, 1000),
    independenceGroup: association.independenceGroup || source,
    delayCompensation: readNumber("delay_compensation_nanoseconds", association.delayCompensationNanoseconds ?? 0, -1e9, 1e9),
    uncertainty: association.uncertaintyNanoseconds
      ? readNumber("uncertainty_nanoseconds", association.uncertaintyNanoseconds, 1, 1e12)
      : null,
    dscp: readNumber("dscp", association.dscp ?? 0, 0, 63),
  };
}

/** @throws PartError */
export function readNtpServer({ port, allowedCidrs }: NtpServer): NtpServerConfig {
  const allowed = allowedCidrs ?? [];
  if (allowed.length === 0 || allowed.length > mostNetworks)
    throw new PartError("MER_AGENT_PART_INVALID", `allowed_cidrs holds ${allowed.length} networks, not 1 … ${mostNetworks}`);
  for (const cidr of allowed)
    if (!isNetwork(cidr)) throw new PartError("MER_AGENT_PART_INVALID", `allowed_cidrs: "${printable(cidr, 32)}" is not an IPv4 network`);
  return { port: readNumber("port", port || defaultPort, 1, 65_535), allowed };
}

function isNetwork(cidr: string): boolean {
  const [, ...numbers] = network.exec(cidr) ?? [];
  const [bits = 33] = numbers.slice(4).map(Number);
  return numbers.length === 5 && bits <= 32 && numbers.slice(0, 4).every((octet) => Number(octet) <= 255);
}
