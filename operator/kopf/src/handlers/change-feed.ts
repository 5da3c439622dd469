/**
 * Raw changes for `on.event`: in order per object, several objects at a time, never again, and never in anybody's way. Who does
 * not keep up loses changes rather than memory.
 */
import { startDeadline } from "../clock/deadline.js";
import { timedOut } from "../controller/outcome.js";
import { codeOf } from "../errors.js";
import { guardWrites } from "../leader/guard-writes.js";
import { withFields } from "../log/log.js";
import { type KubeObject, type ObjectKey, typeId } from "../object/kube-object.js";
import type { StoreChange } from "../store/store-reader.js";
import type { ChangeDeclaration } from "./declarations.js";
import type { Wiring } from "./wiring.js";

export interface ChangeFeed {
  /** A term begins: tells of everything there is, and then of every change. */
  begin(): void;
  /** The term is over: forgets what waits and aborts what runs. */
  end(reason: Error): void;
  /** Takes nothing any more; resolves when no handler runs. */
  stop(): Promise<void>;
}

type Change = StoreChange<KubeObject>;

/** Of the term in which a change was taken, whichever runs when its handler is called. */
interface Taken {
  readonly signal: AbortSignal;
  readonly check: () => void;
}

const atOnce = 16;
const mostWaiting = 10_000;
const timeoutMs = 60_000;

/** `index` tells handlers of the same type apart. */
export function connectChangeFeed(wiring: Wiring, { handler, type }: ChangeDeclaration, index: number): ChangeFeed {
  const { cache, client, clock, events, instruments, tenure } = wiring;
  const name = `event-${index}.${typeId(type)}`;
  const store = cache(type);
  /** In order of arrival of their keys; a key stays while one of its changes is with the handler. */
  const waiting = new Map<ObjectKey, Change[]>();
  const running = new Set<ObjectKey>();
  let count = 0;
  let open = false;
  let dropping = false;
  let interruption = new AbortController();
  let idle: (() => void)[] = [];

  const push = (change: Change): void => {
    if (!open) return;
    if (count >= mostWaiting) {
      instruments.eventHandlerDrops.increment({ handler: name });
      if (!dropping) wiring.log.warn({ handler: name, waiting: count }, "changes are dropped: the handler does not keep up");
      dropping = true;
      return;
    }
    count++;
    const ofKey = waiting.get(change.key);
    if (ofKey === undefined) waiting.set(change.key, [change]);
    else ofKey.push(change);
    pump();
  };

  const pump = (): void => {
    for (const [key, changes] of waiting) {
      if (running.size >= atOnce || !tenure.mayWork()) return;
      if (running.has(key)) continue;
      const change = changes.shift();
      if (changes.length === 0) waiting.delete(key);
      if (change === undefined) continue;
      count--;
      dropping &&= count > mostWaiting / 2;
      running.add(key);
      void serve(change, { check: tenure.guard(), signal: interruption.signal });
    }
  };

  /** Never rejects. */
  const serve = async (change: Change, taken: Taken): Promise<void> => {
    await Promise.resolve(); // the store is not kept waiting by what a handler does before its first await
    if (!taken.signal.aborted) await call(change, taken);
    running.delete(change.key);
    if (running.size === 0) for (const resolve of idle.splice(0)) resolve();
    pump();
  };

  /** Never rejects. */
  const call = async (change: Change, { check, signal }: Taken): Promise<void> => {
    const log = withFields(wiring.log, { handler: name, key: change.key });
    const deadline = startDeadline(clock, timeoutMs, signal, () => timedOut(timeoutMs));
    try {
      await handler({ ...change, cache, client: guardWrites(client, check), events, log, signal: deadline.signal });
    } catch (error) {
      if (deadline.signal.aborted && !deadline.expired()) return;
      instruments.eventErrors.increment({ handler: name, code: codeOf(error) });
      log.error({ err: error }, "handler of a change failed, will not retry");
    } finally {
      deadline.clear();
    }
  };

  const forget = (reason: Error): void => {
    open = false;
    waiting.clear();
    count = 0;
    interruption.abort(reason);
    interruption = new AbortController();
  };

  store.subscribe(push);
  return {
    begin() {
      open = true;
      for (const key of store.keys()) push({ key, current: store.get(key), previous: undefined, origin: "snapshot" });
    },
    end: forget,
    stop() {
      open = false;
      waiting.clear();
      count = 0;
      return running.size === 0 ? Promise.resolve() : new Promise((resolve) => idle.push(resolve));
    },
  };
}
