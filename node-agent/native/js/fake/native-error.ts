/** Errors as the native module throws them: a `code`, and for system calls the errno and the call's name. */
import { constants } from "node:os";
import type { NativeErrorCode } from "../errors.js";

export type ErrnoName = keyof typeof constants.errno;

/** The positive number of an errno, as in a ring's error record. */
export function errnoOf(name: ErrnoName): number {
  return constants.errno[name];
}

export function nativeError(code: NativeErrorCode, message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { code });
}

export function systemError(code: ErrnoName, syscall: string, detail: string): Error {
  return Object.assign(new Error(`${code}: ${syscall} ${detail}`), { code, syscall, errno: -errnoOf(code) });
}

/** @throws MER_NATIVE_ARGUMENT */
export function demandWithin(value: number, name: string, low: number, high: number): number {
  if (typeof value === "number" && value >= low && value <= high) return value;
  throw nativeError("MER_NATIVE_ARGUMENT", `${name} is ${String(value)}, not within ${low} … ${high}`);
}

/** @throws MER_NATIVE_ARGUMENT */
export function demandInteger(value: number, name: string, low: number, high: number): number {
  if (!Number.isInteger(value)) throw nativeError("MER_NATIVE_ARGUMENT", `${name} is ${String(value)}, not an integer`);
  return demandWithin(value, name, low, high);
}

/** @throws MER_NATIVE_ARGUMENT unless `out` has room for `numbers` */
export function fillDoubles(out: Float64Array, numbers: readonly number[]): void {
  if (!(out instanceof Float64Array) || out.length < numbers.length)
    throw nativeError("MER_NATIVE_ARGUMENT", `the Float64Array needs ${numbers.length} elements`);
  out.set(numbers);
}
