// The agent as one file beside its native module: what an image holds and labs run.
import { copyFileSync, existsSync, readFileSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));

/** @param {{ log: (text: string) => void, outfile?: string }} options @returns {Promise<string>} path of the bundle */
export async function buildAgent({ outfile = join(here, "dist/bundle/meridian-agent.mjs") }) {
  await build({
    entryPoints: [join(here, "src/main.ts")],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    minify: true,
    keepNames: true,
    sourcemap: true,
    conditions: ["meridian-source"],
    // CommonJS dependencies ask for `require`; an ES module has none.
    banner: {
      js: 'import { createRequire as meridianCreateRequire } from "node:module"; const require = meridianCreateRequire(import.meta.url);',
    },
    legalComments: "linked",
    logLevel: "error",
  });
  const native = join(here, "native/meridian-native.node");
  if (existsSync(native)) replaceFile(native, join(dirname(outfile), "meridian-native.node"));
  return outfile;
}

/** By renaming: running agents have the old file mapped, and writing into it would kill them. @param {string} from @param {string} to */
function replaceFile(from, to) {
  if (existsSync(to) && readFileSync(from).equals(readFileSync(to))) return;
  copyFileSync(from, `${to}.${process.pid}`);
  renameSync(`${to}.${process.pid}`, to);
}
