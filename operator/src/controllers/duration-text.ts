/** Nanoseconds as a person reads them: 100 ns, 20 µs, 1.5 ms. */
export function formatNanoseconds(nanoseconds: number): string {
  const [unit, size] = (
    [
      ["s", 1e9],
      ["ms", 1e6],
      ["µs", 1e3],
    ] as const
  ).find(([, least]) => nanoseconds >= least) ?? ["ns", 1];
  return `${String(Number((nanoseconds / size).toPrecision(4)))} ${unit}`;
}
