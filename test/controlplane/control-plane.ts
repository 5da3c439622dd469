/**
 * A real Kubernetes control plane on loopback, without kubelets: etcd, kube-apiserver and kube-controller-manager as processes
 * of this one, on random ports, ready in a few seconds. Any number side by side; no root. RBAC and service-account tokens are on.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LabProcess } from "../lab/child-process.js";
import { requireComponent, usesExistingCluster } from "./assets.js";
import { builtBinaries } from "./built-binaries.js";
import { type ControlPlaneFiles, writeControlPlaneFiles } from "./certificates.js";
import { createKubectl, type Kubectl } from "./kubectl.js";

export interface ControlPlaneOptions {
  /** Runs the garbage collector, the token controller and the node lifecycle; false saves half a second of CPU. Default: true. */
  readonly controllerManager?: boolean;
  /** Further flags of kube-apiserver, e.g. `--feature-gates`. */
  readonly apiServerFlags?: readonly string[];
  /** Holds certificates, data and logs; default: a temporary folder that stop() removes. */
  readonly directory?: string;
}

export interface ControlPlane {
  readonly kubeconfig: string;
  readonly kubectl: Kubectl;
  /** Certificates, data and logs. */
  readonly directory: string;
  /** As a crash: SIGKILL. The address stays. */
  killApiServer(): Promise<void>;
  /** Resolves when it answers /readyz. @param flags instead of `apiServerFlags` */
  startApiServer(flags?: readonly string[]): Promise<void>;
  /** SIGSTOP and SIGCONT: connections stay and nobody answers. */
  pauseApiServer(): void;
  resumeApiServer(): void;
  /** As a crash of the storage: SIGKILL. Address and data stay. */
  killEtcd(): Promise<void>;
  startEtcd(): Promise<void>;
  stop(): Promise<void>;
}

const loopback = "127.0.0.1";
const issuer = "https://kubernetes.default.svc.cluster.local";

/** Resolves when the API server answers /readyz. @throws MER_LAB_COMPONENT_MISSING, MER_LAB_PROCESS_FAILED */
export async function startControlPlane(options: ControlPlaneOptions = {}, env: NodeJS.ProcessEnv = process.env): Promise<ControlPlane> {
  const built = await builtBinaries();
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), "meridian-controlplane-"));
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (usesExistingCluster(env)) return existingCluster(requireComponent("kubectl", built, env), directory, env);
  const program = (component: Parameters<typeof requireComponent>[0]) => requireComponent(component, built, env);
  const programs = { etcd: program("etcd"), apiserver: program("kube-apiserver"), kubectl: program("kubectl") };
  const manager = options.controllerManager === false ? null : program("kube-controller-manager");

  const [etcdPort, peerPort, apiPort, managerPort] = await freePorts(4);
  const files = await writeControlPlaneFiles(directory, `https://${loopback}:${String(apiPort)}`);
  const kubectl = createKubectl(programs.kubectl, files.adminKubeconfig);
  const running: LabProcess[] = [];
  const start = (name: string, path: string, args: readonly string[]): LabProcess => {
    const process_ = LabProcess.start({ name, program: path, args, logFile: join(directory, `${name}.log`), cwd: directory });
    running.push(process_);
    return process_;
  };
  const stop = async (): Promise<void> => {
    for (const process_ of running.reverse()) await process_.stop(3000);
    if (options.directory === undefined) rmSync(directory, { recursive: true, force: true });
  };
  let apiserver: LabProcess | null = null;
  let etcd: LabProcess | null = null;
  const startEtcd = (): Promise<void> => {
    etcd = start("etcd", programs.etcd, etcdFlags(directory, etcdPort, peerPort));
    return Promise.resolve();
  };
  const startApiServer = async (flags = options.apiServerFlags ?? []): Promise<void> => {
    apiserver = start("kube-apiserver", programs.apiserver, [...apiServerFlags(files, etcdPort, apiPort), ...flags]);
    await apiserver.waitUntil("readiness", () => answers(kubectl), 120_000);
  };
  try {
    await startEtcd();
    await startApiServer();
    if (manager !== null) start("kube-controller-manager", manager, controllerManagerFlags(files, managerPort));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    kubeconfig: files.adminKubeconfig,
    kubectl,
    directory,
    startApiServer,
    killApiServer: async () => apiserver?.kill(),
    pauseApiServer: () => apiserver?.signal("SIGSTOP"),
    resumeApiServer: () => apiserver?.signal("SIGCONT"),
    startEtcd,
    killEtcd: async () => etcd?.kill(),
    stop,
  };
}

async function existingCluster(kubectlPath: string, directory: string, env: NodeJS.ProcessEnv): Promise<ControlPlane> {
  const kubeconfig = env["KUBECONFIG"] ?? join(env["HOME"] ?? "/", ".kube/config");
  const kubectl = createKubectl(kubectlPath, kubeconfig);
  await kubectl.run(["get", "--raw", "/readyz"]);
  const refusal = new Error("an existing cluster is not ours to stop");
  const refuse = (): Promise<void> => Promise.reject(refusal);
  const refuseAtOnce = (): never => {
    throw refusal;
  };
  return {
    ...{ kubeconfig, kubectl, directory, startApiServer: refuse, killApiServer: refuse, startEtcd: refuse, killEtcd: refuse },
    ...{ pauseApiServer: refuseAtOnce, resumeApiServer: refuseAtOnce, stop: () => Promise.resolve() },
  };
}

async function answers(kubectl: Kubectl): Promise<boolean> {
  try {
    return (await kubectl.run(["get", "--raw", "/readyz"])) === "ok";
  } catch {
    return false;
  }
}

/** Ports that were free a moment ago: all are held at once, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer();
          server.once("error", reject);
          server.listen(0, loopback, () => resolve(server));
        }),
    ),
  );
  return Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          const address = server.address();
          server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
        }),
    ),
  );
}

function etcdFlags(directory: string, port: number | undefined, peerPort: number | undefined): string[] {
  const client = `http://${loopback}:${String(port)}`;
  const peer = `http://${loopback}:${String(peerPort)}`;
  return [
    ...["--name", "lab", "--data-dir", join(directory, "etcd"), "--unsafe-no-fsync", "--log-level", "warn"],
    ...["--listen-client-urls", client, "--advertise-client-urls", client],
    ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", `lab=${peer}`],
  ];
}

function apiServerFlags(files: ControlPlaneFiles, etcdPort: number | undefined, port: number | undefined): string[] {
  return [
    ...["--etcd-servers", `http://${loopback}:${String(etcdPort)}`, "--bind-address", loopback, "--secure-port", String(port)],
    ...["--advertise-address", loopback, "--endpoint-reconciler-type", "none", "--service-cluster-ip-range", "10.96.0.0/16"],
    ...["--tls-cert-file", files.serverCertificate, "--tls-private-key-file", files.serverKey, "--client-ca-file", files.ca],
    ...["--authorization-mode", "Node,RBAC", "--anonymous-auth=false", "--enable-admission-plugins", "NodeRestriction"],
    ...["--service-account-issuer", issuer, "--api-audiences", issuer],
    ...["--service-account-signing-key-file", files.serviceAccountKey, "--service-account-key-file", files.serviceAccountPublicKey],
    ...["--allow-privileged", "--profiling=false"],
  ];
}

function controllerManagerFlags(files: ControlPlaneFiles, port: number | undefined): string[] {
  return [
    ...["--kubeconfig", files.controllerManagerKubeconfig, "--bind-address", loopback, "--secure-port", String(port)],
    ...["--leader-elect=false", "--use-service-account-credentials", "--kube-api-qps", "300", "--kube-api-burst", "600"],
    ...["--service-account-private-key-file", files.serviceAccountKey, "--root-ca-file", files.ca],
    ...["--node-monitor-grace-period", "20s", "--profiling=false"],
    ...["--controllers", "*,-cloud-node-lifecycle-controller,-service-lb-controller,-node-route-controller,-nodeipam"],
  ];
}
