/** How single fields of the hub's configuration are read: checked, or the part that holds them is refused. */
import type { AgentErrorCode } from "../errors.js";

/** A part of the configuration that cannot run; the others do. */
export class PartError extends Error {
  readonly code: AgentErrorCode;
  constructor(code: AgentErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** An integer in least … most. @throws PartError */
export function readNumber(field: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most)
    throw new PartError("MER_AGENT_PART_INVALID", `${field} ${value} is not in ${least} … ${most}`);
  return value;
}

/** A name of 1 … 253 characters. @throws PartError */
export function readName(field: string, value: string | null | undefined): string {
  if (!value || value.length > 253) throw new PartError("MER_AGENT_PART_INVALID", `${field} is missing or too long`);
  return value;
}

/** Words of a newer hub fall back to the most careful one. */
export function readWord<Word extends string>(value: string | null | undefined, words: readonly Word[], otherwise: Word): Word {
  return words.find((word) => word === value) ?? otherwise;
}
