/** Forms of text that several fields share, with the words by which the reference speaks of them. */

export interface Form {
  readonly name: string;
  /** What RE2 (API server) and JavaScript read alike. */
  readonly pattern: string;
}

const octet = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
const ipv4 = `(${octet}\\.){3}${octet}`;
const label = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?";

export const forms = {
  objectName: { name: "object name", pattern: "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$" },
  word: { name: "CamelCase word", pattern: "^([A-Z][A-Za-z0-9]*)?$" },
  interfaceName: { name: "interface name", pattern: "^[A-Za-z0-9_.:-]{1,15}$" },
  labelKey: { name: "label key", pattern: "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$" },
  labelValue: { name: "label value", pattern: "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$" },
  /** Dotted decimal without leading zeros, which some parsers take for octal. */
  ipv4Address: { name: "IPv4 address", pattern: `^${ipv4}$` },
  ipv4Network: { name: "IPv4 network", pattern: `^${ipv4}/(3[0-2]|[12]?[0-9])$` },
  /** RFC 1123 2.1, in small letters; the last label of a name begins with a letter, so that no mistyped address is a name. */
  host: { name: "IPv4 address or DNS name", pattern: `^(${ipv4}|(${label}\\.)*[a-z]([-a-z0-9]{0,61}[a-z0-9])?)$` },
  /** As pmc prints it. */
  clockIdentity: { name: "clock identity", pattern: "^[0-9a-f]{6}\\.[0-9a-f]{4}\\.[0-9a-f]{6}$" },
} as const satisfies Record<string, Form>;
