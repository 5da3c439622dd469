/**
 * Jobs of a bench on every core, each in a thread of its own: a simulation is deterministic and shares nothing, so the result does
 * not depend on where it ran or when.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";

/** What a module of jobs exports: `run` gets structured clones and gives them back. */
export interface JobModule<Job, Result> {
  readonly runJob: (job: Job) => Result | Promise<Result>;
}

export interface JobRequest {
  readonly index: number;
  readonly job: unknown;
}

export type JobReply = { readonly index: number; readonly result: unknown } | { readonly index: number; readonly failed: string };

/** Threads run compiled code; a test runs the source. */
const worker = import.meta.url.endsWith(".ts") ? "../../dist/bench/parallel/job-worker.js" : "./job-worker.js";

/**
 * @param module URL of a compiled module that exports `runJob`, e.g. new URL("./vote-job.js", import.meta.url)
 * @param onResult called as results come, in no order
 * @returns one result per job, in the order of the jobs
 * @throws Error with the job's stack, after the first job that fails
 */
export async function runParallel<Job, Result>(
  module: URL,
  jobs: readonly Job[],
  onResult: (result: Result, index: number) => void = () => undefined,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const crew = Array.from({ length: Math.min(availableParallelism(), jobs.length) }, () => {
    const thread = new Worker(new URL(worker, import.meta.url), { workerData: module.href });
    const done = new Promise<void>((resolve, reject) => {
      const give = (): void => {
        if (next >= jobs.length) return resolve();
        const request: JobRequest = { index: next, job: jobs[next] };
        next += 1;
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
        thread.postMessage(request);
      };
      thread.on("message", (reply: JobReply) => {
        if ("failed" in reply) return reject(new Error(`job ${String(reply.index)}: ${reply.failed}`));
        // What a module of jobs returns is what its bench asked it for.
        const result = reply.result as Result;
        results[reply.index] = result;
        onResult(result, reply.index);
        give();
      });
      thread.on("error", reject);
      thread.on("exit", (code) => reject(new Error(`a thread of the bench ended with ${String(code)}`)));
      give();
    });
    return { thread, done };
  });
  try {
    await Promise.all(crew.map(({ done }) => done));
    return results;
  } finally {
    await Promise.all(crew.map(async ({ thread }) => thread.terminate()));
  }
}
