// Stalls the JavaScript of a process, and nothing else of it: through the inspector, its main thread is given a busy loop while
// its native threads run on. A signal would stop them all.
//
// Runs in the network namespace of the process, which must have got SIGUSR1. Prints "ready"; a line with milliseconds on
// standard input starts the loop; prints "done" when the process runs again.
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "undici";

async function findInspector() {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const response = await fetch("http://127.0.0.1:9229/json/list");
      const [target] = /** @type {{ webSocketDebuggerUrl: string }[]} */ (await response.json());
      if (target) return target.webSocketDebuggerUrl;
    } catch (error) {
      if (attempt > 100) throw error;
    }
    await sleep(50);
  }
}

const socket = new WebSocket(await findInspector());
socket.addEventListener("open", () => console.log("ready"));
socket.addEventListener("error", () => process.exit(1));
// Answers come in order, and there is one at a time.
socket.addEventListener("message", () => console.log("done"));
for await (const line of createInterface({ input: process.stdin })) {
  const expression = `for (const end = performance.now() + ${Number(line)}; performance.now() < end; );`;
  socket.send(JSON.stringify({ id: 1, method: "Runtime.evaluate", params: { expression } }));
}
socket.close();
