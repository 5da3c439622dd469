/**
 * PTP domain numbers that are not ours to give: those of external grandmasters, and those in plans that stay because their domain is
 * refused. Two timeTransmitters under one number would compete in the BMCA of each other's members.
 */
import { formatInstanceKey } from "./instance-key.js";
import { formatServed, type RecoveredNumbers } from "./recover-domain-numbers.js";
import type { WorldIndex } from "./world-index.js";

/** @returns number → who has it: an instance key that may keep it, or a description that is no key. */
export function reserveDomainNumbers(
  standing: ReadonlySet<string>,
  recovered: RecoveredNumbers,
  { grandmasters, domains, history, claims }: WorldIndex,
): ReadonlyMap<number, string> {
  const holders = new Map<number, string>();
  const reserve = (number: number, holder: string) => {
    if (!holders.has(number)) holders.set(number, holder);
  };
  for (const { spec } of grandmasters.values()) {
    if (spec.externalPTP !== undefined) reserve(spec.externalPTP.domainNumber, "an external grandmaster");
  }
  for (const { name } of domains) {
    if (standing.has(name)) continue;
    for (const [grandmaster, numbers] of history.followed.get(name) ?? []) {
      for (const number of numbers.keys()) reserve(number, formatInstanceKey(name, grandmaster));
    }
  }
  for (const [node, entries] of history.serving) {
    if (standing.has(claims.ownerOf.get(node) ?? "") || !history.keepable.has(node)) continue;
    for (const { grandmasterRef, domainNumber } of entries) {
      reserve(domainNumber, recovered.instanceOf.get(formatServed(grandmasterRef.name, domainNumber)) ?? "a plan that stays");
    }
  }
  return holders;
}
