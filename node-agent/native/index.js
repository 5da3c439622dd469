// Loads the native module that `npm run build` put beside this file, or beside the bundle that this file became part of.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

function loadAddon() {
  const path = process.env.MERIDIAN_NATIVE || join(dirname(fileURLToPath(import.meta.url)), "meridian-native.node");
  if (!existsSync(path)) {
    throw Object.assign(new Error(`the native module is not built: run \`npm run build\` (${path})`), { code: "MER_NATIVE_NOT_BUILT" });
  }
  return createRequire(import.meta.url)(path);
}

export const {
  createVirtualClock,
  disturbVirtualClock,
  describePhc,
  Clock,
  Port,
  SyncProgram,
  DatagramSocket,
  NtpServer,
  FdTimer,
  ClockPage,
  DisruptionWatch,
  ClockReader,
  TruthReader,
  readTimestampingCapabilities,
  readRawSeconds,
  trimMemory,
  recordLayout,
} = loadAddon();
