/**
 * Order of resource versions. Opaque for most of Kubernetes' life, they are promised to be ordered decimal numbers since
 * 1.35 (KEP-5504), and always have been with etcd behind.
 */

/** Negative, zero or positive; undefined when one of them is not a decimal number and nothing can be said. */
export function compareVersions(a: string, b: string): number | undefined {
  if (!isDecimal.test(a) || !isDecimal.test(b)) return undefined;
  // 64-bit numbers do not fit a float; without leading zeros, longer is larger.
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

const isDecimal = /^[1-9]\d*$/;
