/** Everything that can be shown of the chart without a kubelet, one line a check. Exit 0: every check held. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startControlPlane } from "../controlplane/control-plane.js";
import { Checks } from "./checks.js";
import { createHelm, requireHelm } from "./helm.js";
import { checkLifecycle } from "./lifecycle.js";
import { checkOperatorStart } from "./operator-start.js";
import { checkKustomize, checkPodSecurity, checkRenderings, checkTakeOver } from "./server-checks.js";
import { checkStatics } from "./static-checks.js";
import { checkWaiting } from "./wait.js";

async function main(): Promise<number> {
  const [stray] = process.argv.slice(2);
  if (stray !== undefined) {
    process.stderr.write(`npm run test:chart takes no arguments, not ${stray}\n`);
    return 2;
  }
  const started = performance.now();
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const checks = new Checks(say);
  const directory = mkdtempSync(join(tmpdir(), "meridian-chart-"));
  const program = await requireHelm();
  try {
    await checkStatics(checks, createHelm(program, { directory }));
    const plane = await startControlPlane({ directory: join(directory, "plane") });
    try {
      const helm = createHelm(program, { directory, kubeconfig: plane.kubeconfig });
      await checkLifecycle(checks, helm, plane.kubectl);
      await checkKustomize(checks, helm, plane.kubectl);
      await checkOperatorStart(checks, helm, plane, directory);
      await checkTakeOver(checks, helm, plane.kubectl);
      await checkRenderings(checks, helm, plane.kubectl);
      await checkPodSecurity(checks, helm, plane.kubectl);
    } finally {
      await plane.stop();
    }
    const another = await startControlPlane({ directory: join(directory, "another") });
    try {
      await checkWaiting(checks, createHelm(program, { directory, kubeconfig: another.kubeconfig }), another, directory);
    } finally {
      await another.stop();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  say(`${checks.summary} in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  return checks.hold ? 0 : 1;
}

process.exitCode = await main();
