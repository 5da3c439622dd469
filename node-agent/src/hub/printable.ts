/** Text from the other end as it may stand in a log, an answer and an error: bounded, and without what a terminal obeys. */
export function printable(text: string | null | undefined, longest = 128): string {
  const clean = (text ?? "").slice(0, longest + 1).replaceAll(/\p{Cc}/gu, " ");
  return clean.length > longest ? `${clean.slice(0, longest - 1)}…` : clean;
}
