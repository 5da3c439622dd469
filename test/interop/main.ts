/** `npm run test:interop -- smoke [--json]`: real ptp4l and chronyd in namespaces of their own. Exit 0: every claim held. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Claim, Claims } from "../demo/claims.js";
import { enterPrivateNamespace } from "../lab/private-namespace.js";
import { runSmoke } from "./smoke.js";

const suites: Readonly<Record<string, (directory: string, claims: Claims) => Promise<void>>> = { smoke: runSmoke };
const usage = `npm run test:interop -- SUITE [--json]: ${Object.keys(suites).join(", ")}`;

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  const json = args.includes("--json");
  const [name = "", ...others] = args.filter((argument) => argument !== "--json");
  const suite = suites[name];
  if (suite === undefined || others.length > 0) {
    process.stderr.write(
      `${suite === undefined ? `no suite "${name}"` : `one suite at a time, not ${others.join(", ")} as well`}; ${usage}\n`,
    );
    return 2;
  }
  const outside = await enterPrivateNamespace(process.argv.slice(1));
  if (outside !== null) return outside;
  const say = (claim: Claim): void =>
    void process.stdout.write(json ? `${JSON.stringify(claim)}\n` : `${claim.ok ? "ok    " : "FAILED"}  ${claim.claim}: ${claim.figure}\n`);
  const claims = new Claims(say);
  const directory = mkdtempSync(join(tmpdir(), "meridian-interop-"));
  let told = false;
  try {
    await suite(directory, claims);
    told = true;
  } finally {
    if (told && claims.hold) rmSync(directory, { recursive: true });
    else process.stderr.write(`logs and the capture stay in ${directory}\n`);
  }
  if (!json) process.stdout.write(claims.hold ? "every claim held\n" : "not every claim held\n");
  return claims.hold ? 0 : 1;
}

// Not by itself: Node 20 was seen to wait for ever, at its end, for a request that nobody answers any more.
process.exit(await main());
