/** `npm run demo`: exit 0 only if every printed claim held. */
import { parseArgs } from "node:util";
import { labError } from "../lab/errors.js";
import { enterPrivateNamespace, insideUserNamespace } from "../lab/private-namespace.js";
import { Claims } from "./claims.js";
import { createJsonScreen, createTextScreen, type Screen } from "./screen.js";
import { Story } from "./story.js";
import { World } from "./world.js";

const usage = `npm run demo [-- --peer] [--keep] [--json] [--seed N]
  --peer   adds a real ptp4l as fallback source, which is followed once both grandmasters are gone
  --keep   leaves everything running until Ctrl-C, and says how to look at it
  --json   one JSON object a line
  --seed   of the simulated oscillators (default 1)
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      peer: { type: "boolean" },
      keep: { type: "boolean" },
      json: { type: "boolean" },
      help: { type: "boolean" },
      seed: { type: "string", default: "1" },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const seed = Number(values.seed);
  if (!Number.isInteger(seed) || seed < 0) throw labError("MER_LAB_COMMAND_FAILED", `--seed ${values.seed} is not a whole number`);
  const outside = await enterPrivateNamespace(process.argv.slice(1));
  if (outside !== null) return outside;

  const screen = values.json ? createJsonScreen(process.stdout) : createTextScreen(process.stdout, process.stdout.isTTY);
  const claims = new Claims((claim) => screen.claim(claim));
  const interrupted = new Promise<never>((_resolve, reject) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.once(signal, () => reject(labError("MER_LAB_COMMAND_FAILED", `${signal}: stopped`)));
  });
  let stop: unknown = null;
  interrupted.catch((reason: unknown) => (stop = reason));
  const progress = (what: string): void => {
    // Between two parts of the start: what runs by then is stopped in order.
    if (stop !== null) throw stop;
    screen.say(what);
  };
  const world = await World.start({ peer: values.peer === true, seed, progress });
  let told = false;
  try {
    await Promise.race([new Story(world, screen, claims).tell(), interrupted]);
    screen.end(claims.hold, claims.all);
    if (values.keep) await keep(world, screen);
    told = true;
  } finally {
    const failed = !told || !claims.hold;
    await world.stop(failed);
    if (failed) screen.say(`logs are kept in ${world.directory}`);
  }
  return claims.hold ? 0 : 1;
}

/** Until Ctrl-C. */
async function keep(world: World, screen: Screen): Promise<void> {
  const enter = `nsenter --target ${String(process.pid)} ${insideUserNamespace() ? "--user --preserve-credentials " : ""}--net --mount --`;
  screen.say("still running, but for the agents that the demo has killed; from another terminal:");
  screen.say(`  ${enter} ${world.plane.kubectl.commandLine} get timedomains,grandmasters,nodeclocks`);
  screen.say(`logs are in ${world.directory}; Ctrl-C ends everything`);
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  const code = error instanceof Error && "code" in error ? `${String(error.code)}: ` : "";
  const wrongUse = code.startsWith("ERR_PARSE_ARGS");
  process.stderr.write(`demo: ${code}${error instanceof Error ? error.message : String(error)}\n${wrongUse ? usage : ""}`);
  process.exitCode = wrongUse ? 2 : 1;
}
// Not by itself: Node 20 was seen to wait for ever, at its end, for a request that nobody answers any more.
process.exit();
