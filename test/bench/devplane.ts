import { startControlPlane } from "../controlplane/control-plane.js";
import { clientOf, createBenchNodes } from "./kube/bench-nodes.js";
const plane = await startControlPlane({ controllerManager: false, directory: "/tmp/x/plane" });
await createBenchNodes(clientOf(plane.kubeconfig), 5000);
console.log("ready");
process.on("SIGTERM", () => void plane.stop().then(() => process.exit(0)));
setInterval(() => {}, 1000);
