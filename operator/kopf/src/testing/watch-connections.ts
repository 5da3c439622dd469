/** The open watches of a fake API server, and all that can be done to them while they are open. */
import type { ServerResponse } from "node:http";
import { cutConnection } from "./cut-connection.js";
import type { Change } from "./widget-storage.js";
import { bookmark } from "./widgets.js";

interface OpenWatch {
  readonly response: ServerResponse;
  /** As the real server: a watch that began in the future is told nothing until the present has caught up. */
  readonly after: number;
  frozen: boolean;
}

export class WatchConnections {
  readonly #open = new Set<OpenWatch>();
  #held: Change[] | undefined;

  get size(): number {
    return this.#open.size;
  }

  add(response: ServerResponse, after: number): void {
    const watch: OpenWatch = { response, after, frozen: false };
    this.#open.add(watch);
    response.on("close", () => this.#open.delete(watch)).on("error", () => undefined); // the client went first
  }

  tell(change: Change): void {
    if (this.#held !== undefined) this.#held.push(change);
    else for (const watch of this.#awake()) if (change.version > watch.after) watch.response.write(change.line);
  }

  /** From now on changes are kept back. */
  hold(): void {
    this.#held ??= [];
  }

  /** Tells what was kept back, in the order of the answer, which may also repeat or forget. */
  release(arrange: (changes: readonly Change[]) => readonly Change[] = (changes) => changes): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const change of arrange(held)) this.tell(change);
  }

  bookmark(version: number): void {
    if (this.#held !== undefined) return; // it would say that all was told
    for (const watch of this.#awake()) if (version > watch.after) watch.response.write(bookmark(version));
  }

  writeRaw(bytes: string | Uint8Array): void {
    for (const watch of this.#awake()) watch.response.write(bytes);
  }

  /** The open watches stay open, and nothing is said on them any more. */
  freeze(): void {
    for (const watch of this.#open) watch.frozen = true;
  }

  /** Cuts the TCP connections. */
  reset(): void {
    for (const { response } of this.#open) if (response.socket !== null) cutConnection(response.socket);
  }

  /** As a server does whose time is up. */
  end(): void {
    for (const watch of this.#awake()) {
      this.#open.delete(watch); // what ends hears of nothing more
      watch.response.end();
    }
  }

  #awake(): OpenWatch[] {
    return [...this.#open].filter(({ frozen }) => !frozen);
  }
}
