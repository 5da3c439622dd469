/** Assembles an operator from its declaration. */
import { KopfError } from "../errors.js";
import type { App, OperatorOptions } from "./app.js";

/** Declares an operator; nothing happens before run(). */
export function operator(options: OperatorOptions): App {
  throw new KopfError("KOPF_CONFIG_INVALID", `operator ${options.identity} has no engine yet`);
}
