/** What the JavaScript heap holds once everything that nobody needs is gone. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Makes the garbage collector callable without a flag of the command line. */
function readCollector(): () => void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("this Node cannot be made to collect its garbage");
  return () => void collect();
}

const collect = readCollector();

/** Twice collected: what the first finds dead may have kept others. */
export function collectedHeapBytes(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

/** Slope of the least squares line through equally spaced values; 0 for fewer than three. */
export function growthPerStep(values: readonly number[]): number {
  if (values.length < 3) return 0;
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const covariance = values.reduce((sum, value, index) => sum + (index - middle) * (value - mean), 0);
  return covariance / values.reduce((sum, _value, index) => sum + (index - middle) ** 2, 0);
}
