/**
 * What happens when on a fake machine, in integer ns since its start. Two worlds share it: the kernel and native threads, which
 * always run, and JavaScript's event loop, which a stall holds up.
 */

/** Order at one instant. Timers run before ports: of what epoll may do, the order that asks more of a host after a stall. */
const ranks = { kernel: 0, timer: 1, port: 2 } as const;
type Rank = keyof typeof ranks;

export interface Task {
  readonly at: number;
  readonly rank: Rank;
  readonly act: () => void;
}

/** More at one instant is a loop without end. */
const mostAtOnce = 100_000;

export class Schedule {
  /** ns since the start. */
  now = 0;
  readonly #tasks = new Set<Task>();

  /** `at` in the past means now. */
  add(at: number, rank: Rank, act: () => void): Task {
    const task = { at: Math.max(this.now, at), rank, act };
    this.#tasks.add(task);
    return task;
  }

  cancel(task: Task | null): void {
    if (task) this.#tasks.delete(task);
  }

  /** Runs what is due until `end`, ns; `stalled`: JavaScript does not run, and what it missed is due at once afterwards. */
  runUntil(end: number, stalled: boolean): void {
    let count = 0;
    for (let task = this.#next(end, stalled); task; task = this.#next(end, stalled)) {
      count = task.at > this.now ? 0 : count + 1;
      if (count > mostAtOnce) throw new Error(`the fake machine does not get beyond ${this.now} ns`);
      this.#tasks.delete(task);
      this.now = Math.max(this.now, task.at);
      task.act();
    }
    this.now = Math.max(this.now, end);
  }

  /** The first by time, rank and age: a Set keeps the order of insertion. */
  #next(end: number, stalled: boolean): Task | null {
    let first: Task | null = null;
    for (const task of this.#tasks) {
      if (task.at > end || (stalled && task.rank !== "kernel")) continue;
      if (first === null || this.#precedes(task, first)) first = task;
    }
    return first;
  }

  #precedes(a: Task, b: Task): boolean {
    const [at, than] = [Math.max(a.at, this.now), Math.max(b.at, this.now)];
    return at < than || (at === than && ranks[a.rank] < ranks[b.rank]);
  }
}
