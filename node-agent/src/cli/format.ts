/** Figures and names as a person reads them. */
import { printable } from "../hub/printable.js";

/** What is not known. */
export const nothing = "-";
const longestName = 63;

const units = [
  { name: "ns", size: 1 },
  { name: "µs", size: 1e3 },
  { name: "ms", size: 1e6 },
  { name: "s", size: 1e9 },
] as const;

/** Three digits and the unit that suits them, e.g. "1.23 µs". @param signed also "+" is shown */
export function formatTime(nanoseconds: number | null, signed = false): string {
  if (nanoseconds === null) return nothing;
  const size = Math.abs(nanoseconds);
  const sign = nanoseconds < 0 ? "-" : signed ? "+" : "";
  // 999.96 is 1000 in three digits, and that is 1 of the next.
  const unit = units.find((candidate) => Number((size / candidate.size).toPrecision(3)) < 1000) ?? units[3];
  return `${sign}${formatDigits(size / unit.size)} ${unit.name}`;
}

/** Three digits, and no more than two after the point. */
function formatDigits(value: number): string {
  if (value === 0) return "0";
  if (value >= 99.95) return value.toFixed(0);
  return value.toFixed(value >= 9.995 ? 1 : 2);
}

/** E.g. "+12.3"; the unit stands elsewhere. */
export function formatRate(partsPerBillion: number | null): string {
  if (partsPerBillion === null) return nothing;
  return `${partsPerBillion < 0 ? "-" : "+"}${formatDigits(Math.abs(partsPerBillion))}`;
}

/** How long ago or how long: "0.3 s", "12 min", "5.2 h", "3.1 d". */
export function formatDuration(seconds: number | null): string {
  if (seconds === null) return nothing;
  if (seconds < 99.5) return `${seconds < 10 ? seconds.toFixed(1) : seconds.toFixed(0)} s`;
  if (seconds < 99.5 * 60) return `${(seconds / 60).toFixed(0)} min`;
  return seconds < 48 * 3600 ? `${(seconds / 3600).toFixed(1)} h` : `${(seconds / 86_400).toFixed(1)} d`;
}

/** Names come from resources and from the network: one line, and nothing that a terminal obeys or that turns text around. */
export function formatName(text: string | null, longest = longestName): string {
  const clean = printable(text, longest).replaceAll(/[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, " ");
  return clean.trim() === "" ? nothing : clean;
}

/** JSON as a terminal may show it: what it would obey is escaped, and reads the same. */
export function formatJson(value: unknown): string {
  const escape = (character: string): string => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
  return `${JSON.stringify(value, null, 2).replaceAll(/[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, escape)}\n`;
}
