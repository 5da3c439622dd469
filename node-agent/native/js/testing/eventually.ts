/** Waits until `settled` returns something true, ten seconds at most. @throws with what it returned last */
export async function eventually<T>(settled: () => T | Promise<T>): Promise<Exclude<T, false | undefined>> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const found = await settled();
    if (found) return found as Exclude<T, false | undefined>;
    if (performance.now() > deadline) throw new Error(`not settled after 10 s: ${String(found)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
