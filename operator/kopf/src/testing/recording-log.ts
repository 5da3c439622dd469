/** A log that keeps its lines, for tests that look at them. */
import type { Log } from "../log/log.js";

export interface RecordedLine {
  readonly level: keyof Log;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

export function createRecordingLog(): Log & { readonly lines: RecordedLine[] } {
  const lines: RecordedLine[] = [];
  const write = (level: keyof Log) => (fields: object, message: string) => void lines.push({ level, fields: { ...fields }, message });
  return { lines, debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}
