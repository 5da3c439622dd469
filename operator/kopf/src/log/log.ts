/**
 * The logger the caller brings. The shape is pino's (fields first), because that is what most services already have;
 * this package itself depends on no logger.
 */

/** One line per change of state; `fields` are structured and never contain secrets. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Adds the same fields to every line, e.g. the controller and the reconcile id. */
export function withFields(log: Log, fields: object): Log {
  return {
    debug: (more, message) => log.debug({ ...fields, ...more }, message),
    info: (more, message) => log.info({ ...fields, ...more }, message),
    warn: (more, message) => log.warn({ ...fields, ...more }, message),
    error: (more, message) => log.error({ ...fields, ...more }, message),
  };
}
