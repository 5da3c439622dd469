/** FdTimer on a fake machine's time. */
import type { FdTimer } from "../../index.js";
import type { FakeMachine } from "./fake-machine.js";
import { demandWithin, nativeError } from "./native-error.js";
import type { Task } from "./schedule.js";

const longestDelay = 1e18;
/** A turn of the event loop, ns: without it a deadline that is always due would stop the time. */
const turn = 100_000;

export class FakeFdTimer implements FdTimer {
  readonly #machine: FakeMachine;
  readonly #onTick: () => void;
  #task: Task | null = null;
  #closed = false;

  constructor(machine: FakeMachine, onTick: () => void) {
    this.#machine = machine;
    this.#onTick = onTick;
  }

  arm(delayNs: number): void {
    demandWithin(delayNs, "delayNs", 0, longestDelay);
    this.disarm();
    const { schedule } = this.#machine;
    this.#task = schedule.add(schedule.now + Math.max(turn, Math.ceil(delayNs)), "timer", () => this.#onTick());
  }

  disarm(): void {
    if (this.#closed) throw nativeError("MER_NATIVE_CLOSED", "this timer is closed");
    this.#machine.schedule.cancel(this.#task);
  }

  close(): void {
    this.#machine.schedule.cancel(this.#task);
    this.#closed = true;
  }
}
