/**
 * Bytes to lines. A chunk of a watch may end anywhere, also within a UTF-8 sequence, so decoding happens per line: byte
 * 0x0a never occurs inside a multi-byte sequence.
 */
import { KopfError } from "../errors.js";

export const newline = 0x0a;

/**
 * Yields complete lines without their newline; empty ones are skipped. Throws KOPF_WATCH_CUT when the bytes end inside a
 * line and KOPF_WATCH_LINE_TOO_LONG beyond `maxLineBytes`, since otherwise one endless line would take all memory.
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>, maxLineBytes: number): AsyncGenerator<string> {
  // Parts of the unfinished line; joined once it ends, so that a long line costs linear time.
  let parts: Uint8Array[] = [];
  let length = 0;
  const keep = (part: Uint8Array): void => {
    length += part.length;
    if (length > maxLineBytes) throw new KopfError("KOPF_WATCH_LINE_TOO_LONG", `a line of more than ${maxLineBytes} bytes`);
    if (part.length > 0) parts.push(part);
  };

  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      keep(chunk.subarray(start, end));
      start = end + 1;
      const line = Buffer.concat(parts, length).toString("utf8");
      parts = [];
      length = 0;
      if (line.trim() !== "") yield line;
    }
    keep(chunk.subarray(start));
  }
  if (length > 0) throw new KopfError("KOPF_WATCH_CUT", `the stream ended ${length} bytes into a line`);
}
