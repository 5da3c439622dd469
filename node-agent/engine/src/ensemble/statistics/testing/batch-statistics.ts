/** What the online statistics are measured against: the same definitions over a whole recording at once, without a thought of cost. */

/** From time errors one second apart, windows begin at every `stride` samples: `size` for the ones that do not overlap, 1 for all. */
export function batchAllanVariance(errors: readonly number[], size: number, stride: number): number {
  const squares: number[] = [];
  for (let i = 0; i + 2 * size < errors.length; i += stride)
    squares.push((at(errors, i + 2 * size) - 2 * at(errors, i + size) + at(errors, i)) ** 2);
  return mean(squares) / (2 * size * size);
}

export function batchTimeVariance(errors: readonly number[], size: number, stride: number): number {
  const block = (from: number): number => {
    let sum = 0;
    for (let i = from; i < from + size; i++) sum += at(errors, i);
    return sum / size;
  };
  const squares: number[] = [];
  for (let i = 0; i + 3 * size <= errors.length; i += stride) squares.push((block(i + 2 * size) - 2 * block(i + size) + block(i)) ** 2);
  return mean(squares) / 6;
}

export function batchIntervalError(errors: readonly number[], size: number, stride: number): number {
  let largest = 0;
  for (let i = 0; i + size < errors.length; i += stride) {
    const window = errors.slice(i, i + size + 1);
    largest = Math.max(largest, Math.max(...window) - Math.min(...window));
  }
  return largest;
}

function at(values: readonly number[], index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError(`no sample ${String(index)}`);
  return value;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
