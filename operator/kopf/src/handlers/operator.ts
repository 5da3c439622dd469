/**
 * The front door, and the edge: here the machine's clock, randomness, files and network are taken, and handed to everything else.
 */
import { readFile } from "node:fs/promises";
import { systemClock } from "../clock/clock.js";
import { KopfError } from "../errors.js";
import { createInstruments, noMetrics } from "../metrics/metrics.js";
import { createConnectionPool } from "../transport/connection-pool.js";
import { createCredentialSource } from "../transport/credentials.js";
import { createTransport } from "../transport/transport.js";
import type { App, OperatorOptions } from "./app.js";
import { createApp } from "./create-app.js";
import { checkPositive } from "./declarations.js";

/** Declares an operator. Throws KOPF_CONFIG_INVALID here and in the declarations for what could never work. */
export function operator(options: OperatorOptions): App {
  const { clock = systemClock(), identity, kube, log, random = Math.random } = options;
  if (identity === "") throw new KopfError("KOPF_CONFIG_INVALID", "an operator needs an identity: it is the field manager of its writes");
  checkPositive("shutdownTimeoutMs", options.shutdownTimeoutMs);

  const instruments = createInstruments(options.metrics ?? noMetrics());
  const transport = createTransport({
    credentials: createCredentialSource({ kube, clock, readFile: (path) => readFile(path, "utf8") }),
    pool: createConnectionPool(),
    userAgent: `${identity} kopf-ts (node ${process.version})`,
    clock,
    random,
    instruments,
  });
  return createApp({ ...options, clock, identity, instruments, log, random, transport });
}
