/** A Lease in the hand of a test: who leads is what the test says. */
import type { Leadership, Term } from "kopf-ts";
import { endpointAnnotation } from "../hub/hub-leadership.js";

export class FakeLeadership implements Leadership {
  term: Term | null = null;
  holder = "";
  annotations: Readonly<Record<string, string>> = {};
  /** What the API server answers to a raise. */
  raises = true;
  readonly #listeners = new Set<() => void>();

  /** @param epoch null: another replica leads, or nobody */
  lead(epoch: number | null): void {
    this.term = epoch === null ? null : { epoch, signal: new AbortController().signal };
    this.holder = epoch === null ? "" : "us";
    this.#tell();
  }

  /** @param endpoint host:port of the other replica's hub */
  leave(endpoint: string): void {
    this.term = null;
    this.holder = "other";
    this.annotations = { [endpointAnnotation]: endpoint };
    this.#tell();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  raiseEpoch(epoch: number): Promise<boolean> {
    if (this.term === null || !this.raises) return Promise.resolve(false);
    this.term = { ...this.term, epoch };
    return Promise.resolve(true);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
