/** What a piece of code allocates on the JavaScript heap: the growth of the heap in short stretches between which everything dead is collected. */
import { getHeapStatistics } from "node:v8";
import { median } from "../figure.js";
import { collectedHeapBytes } from "../offline/heap.js";

const stretches = 21;
/** A scavenge in the middle would hide what was allocated: the young generation is twice as large. */
const mostBytes = 8 * 2 ** 20;

/**
 * @param run does the work `calls` times
 * @returns bytes per call, the median of 21 stretches
 * @throws RangeError when so much was allocated that garbage may have been collected meanwhile: fewer calls would do
 */
export function allocatedBytes(calls: number, run: (calls: number) => void): number {
  const idle = Array.from({ length: stretches }, () => growthOf(0, () => undefined));
  const busy = Array.from({ length: stretches }, () => growthOf(calls, run));
  if (Math.max(...busy) > mostBytes) throw new RangeError(`${String(calls)} calls allocate too much to count`);
  return Math.max(0, median(busy) - median(idle)) / calls;
}

function growthOf(calls: number, run: (calls: number) => void): number {
  collectedHeapBytes();
  const before = getHeapStatistics().used_heap_size;
  run(calls);
  return getHeapStatistics().used_heap_size - before;
}
