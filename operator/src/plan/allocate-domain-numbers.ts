/**
 * One PTP domain number per instance, so that no two of our timeTransmitters hear each other. Who has a number keeps it while it is
 * free; only then are new ones given, so that a new instance never takes what an older one had.
 */

/** IEEE 1588-2019 table 2: 128 and above are reserved. */
const largestDomainNumber = 127;

export interface NumberRequest {
  readonly key: string;
  /** Where the search for a new one starts; it goes up to 127, then on from 0. */
  readonly first: number;
  /** What it has, in order of preference. */
  readonly had: readonly number[];
  /** Its server cannot be given another number. */
  readonly fixed: boolean;
}

/**
 * @param requests in order of precedence, keys unique.
 * @param holders numbers that are taken, and the key that may have one all the same.
 * @returns number by key; an instance for which none is free is absent.
 */
export function allocateDomainNumbers(
  requests: readonly NumberRequest[],
  holders: ReadonlyMap<number, string>,
): ReadonlyMap<string, number> {
  const taken = new Map(holders);
  const allocated = new Map<string, number>();
  const allocate = (key: string, number: number | undefined) => {
    if (number === undefined) return;
    taken.set(number, key);
    allocated.set(key, number);
  };
  for (const { key, had } of requests) {
    allocate(
      key,
      had.find((number) => (taken.get(number) ?? key) === key),
    );
  }
  for (const { key, first, fixed } of requests) {
    if (fixed || allocated.has(key)) continue;
    allocate(key, findFree(first, taken));
  }
  return allocated;
}

function findFree(first: number, taken: ReadonlyMap<number, string>): number | undefined {
  for (let step = 0; step <= largestDomainNumber; step += 1) {
    const number = (first + step) % (largestDomainNumber + 1);
    if (!taken.has(number)) return number;
  }
  return undefined;
}
