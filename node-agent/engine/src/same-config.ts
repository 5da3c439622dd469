/** Whether two configurations of one part are equal: plain data of the same shape, bigint included. */
export function sameConfig<Config extends object>(a: Config, b: Config): boolean {
  return fingerprint(a) === fingerprint(b);
}

const fingerprint = (config: object): string =>
  JSON.stringify(config, (_key, value: unknown) => (typeof value === "bigint" ? value.toString(16) : value));
