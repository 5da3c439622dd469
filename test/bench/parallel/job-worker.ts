/** One thread of runParallel: jobs in, results out. */
import { parentPort, workerData } from "node:worker_threads";
import type { JobModule, JobReply, JobRequest } from "./run-parallel.js";

const { runJob }: JobModule<unknown, unknown> = await import(String(workerData));
const port = parentPort;

port?.on("message", async ({ index, job }: JobRequest) => {
  let reply: JobReply;
  try {
    reply = { index, result: await runJob(job) };
  } catch (error) {
    reply = { index, failed: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  port.postMessage(reply);
});
