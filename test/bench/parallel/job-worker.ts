/** One thread of runParallel: jobs in, results out. */
import { parentPort, workerData } from "node:worker_threads";
import type { JobModule, JobReply, JobRequest } from "./run-parallel.js";

const { runJob }: JobModule<unknown, unknown> = await import(String(workerData));
const port = parentPort;

async function answer({ index, job }: JobRequest): Promise<JobReply> {
  try {
    return { index, result: await runJob(job) };
  } catch (error) {
    return { index, failed: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

port?.on("message", (request: JobRequest) => {
  // answer() does not reject.
  void answer(request).then((reply) => port.postMessage(reply));
});
