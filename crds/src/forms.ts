/** Forms of text that several fields share, with the words by which the reference speaks of them. */

export interface Form {
  readonly name: string;
  /** What RE2 (API server) and JavaScript read alike. */
  readonly pattern: string;
}

const octet = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";

export const forms = {
  objectName: { name: "object name", pattern: "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$" },
  word: { name: "CamelCase word", pattern: "^([A-Z][A-Za-z0-9]*)?$" },
  interfaceName: { name: "interface name", pattern: "^[A-Za-z0-9_.:-]{1,15}$" },
  labelKey: { name: "label key", pattern: "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$" },
  labelValue: { name: "label value", pattern: "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$" },
  /** Dotted decimal without leading zeros, which some parsers take for octal. */
  ipv4Address: { name: "IPv4 address", pattern: `^(${octet}\\.){3}${octet}$` },
  /** As pmc prints it. */
  clockIdentity: { name: "clock identity", pattern: "^[0-9a-f]{6}\\.[0-9a-f]{4}\\.[0-9a-f]{6}$" },
} as const satisfies Record<string, Form>;
