/** Waiting for what happens over a real socket: as long as it takes, within a bound far above what it ever takes. */

/** Resolves when `condition` holds; rejects after 10 s with the last thing `describe` said. */
export async function eventually(condition: () => boolean, describe: () => unknown = () => "condition"): Promise<void> {
  const giveUpAt = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > giveUpAt) throw new Error(`not within 10 s: ${JSON.stringify(describe())}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
