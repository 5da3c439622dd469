/**
 * Tests of the native module where that is not built: they are skipped, by name and with the reason, instead of failing at their
 * imports. A file that needs it takes `nativeTest` for its `test`, and `importBuilt` for what loads the module.
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { test, type TestAPI } from "vitest";

const besideUs = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "meridian-native.node");
const built = existsSync(process.env["MERIDIAN_NATIVE"] || besideUs);

/** vitest's `test`; skips while the module is not built. */
export const nativeTest: TestAPI = built ? test : (test.skip as TestAPI);

/** In the summary, beside the tests of the file that imports this. */
if (!built) test.skip("all of this file: the native module is not built; run `npm run build`", () => undefined);

/** @param load of a module that needs the native one. @returns it; nothing while that is not built, when nobody looks at it */
export async function importBuilt<Module extends object>(load: () => Promise<Module>): Promise<Module> {
  return built ? await load() : ({} as Module);
}
