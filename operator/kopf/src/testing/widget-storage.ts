/**
 * The truth behind a fake API server, as etcd is behind a real one: what exists, the history of changes, and a ledger of
 * every state that ever was, so that a test can ask whether a cache shows something that never happened.
 */
import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "../object/kube-object.js";
import { type ChangeType, changeLine, type Widget } from "./widgets.js";

export interface Change {
  readonly version: number;
  readonly line: string;
}

export interface WidgetPage {
  readonly version: number;
  readonly items: readonly Widget[];
  readonly continue: string | undefined;
}

export interface Backup {
  readonly version: number;
  readonly oldest: number;
  readonly widgets: ReadonlyMap<string, Widget>;
  readonly history: readonly Change[];
}

/** What is known of the past; `restores` counts how often time went back. */
export interface Ledger {
  readonly restores: number;
  /** The server once had exactly this. */
  knows(object: KubeObject): boolean;
  /** No object with this uid exists now. */
  isGone(uid: string): boolean;
}

export class WidgetStorage implements Ledger {
  readonly #widgets = new Map<string, Widget>();
  readonly #states = new Map<string, object[]>();
  readonly #listeners = new Set<(change: Change) => void>();
  /** What lists in pages are read from, by version. */
  readonly #snapshots = new Map<number, readonly Widget[]>();
  #history: Change[] = [];
  #version = 10;
  #oldest = 0;
  #uids = 0;
  #restores = 0;

  get version(): number {
    return this.#version;
  }

  get restores(): number {
    return this.#restores;
  }

  get(name: string): Widget | undefined {
    return this.#widgets.get(name);
  }

  list(): Widget[] {
    return [...this.#widgets.values()];
  }

  /** Assigns the next version; a name that does not exist gets a new uid. */
  put(name: string, body: Partial<Widget>): Widget {
    const before = this.#widgets.get(name);
    const metadata = {
      name,
      namespace: "ns",
      uid: before?.metadata.uid ?? `uid-${++this.#uids}`,
      resourceVersion: String(++this.#version),
      generation: (before?.metadata.generation ?? 0) + (body.spec === undefined ? 0 : 1),
      managedFields: [{ manager: "test", fieldsV1: { "f:spec": {} } }],
    };
    const widget: Widget = { ...before, ...body, apiVersion: "test.io/v1", kind: "Widget", metadata };
    this.#widgets.set(name, widget);
    this.#record(before === undefined ? "ADDED" : "MODIFIED", widget);
    return widget;
  }

  remove(name: string): void {
    const widget = this.#widgets.get(name);
    if (widget === undefined) return;
    this.#widgets.delete(name);
    this.#record("DELETED", { ...widget, metadata: { ...widget.metadata, resourceVersion: String(++this.#version) } });
  }

  /** One page of a list that is the same from its first page to its last, whatever changes meanwhile; 410 as `gone`. @param limit 0: all */
  readPage(token: string | undefined, limit: number): WidgetPage | "gone" {
    const [version = this.#version, offset = 0] = token === undefined ? [] : token.split(":").map(Number);
    if (token === undefined) this.#snapshots.set(version, this.list());
    const snapshot = this.#snapshots.get(version);
    if (snapshot === undefined) return "gone";
    const end = limit === 0 ? snapshot.length : offset + limit;
    return { version, items: snapshot.slice(offset, end), continue: end < snapshot.length ? `${version}:${end}` : undefined };
  }

  subscribe(listener: (change: Change) => void): void {
    this.#listeners.add(listener);
  }

  /** What was not forgotten, oldest first. */
  get history(): readonly Change[] {
    return this.#history;
  }

  /** `gone`: the history does not reach back so far. A version from the future has no changes after it, as with etcd. */
  changesAfter(version: number): readonly Change[] | "gone" {
    return version < this.#oldest ? "gone" : this.#history.filter((change) => change.version > version);
  }

  /** Forgets the history. */
  compact(): void {
    this.#oldest = ++this.#version;
    this.#history = [];
    this.#snapshots.clear();
  }

  backUp(): Backup {
    return { version: this.#version, oldest: this.#oldest, widgets: new Map(this.#widgets), history: [...this.#history] };
  }

  /** Versions go back, and will be used again for other states. */
  restore(backup: Backup): void {
    this.#widgets.clear();
    for (const [name, widget] of backup.widgets) this.#widgets.set(name, widget);
    this.#version = backup.version;
    this.#snapshots.clear();
    this.#oldest = backup.oldest;
    this.#history = [...backup.history];
    this.#restores++;
  }

  knows(object: KubeObject): boolean {
    const states = this.#states.get(stateId(object)) ?? [];
    return states.some((state) => isDeepStrictEqual(state, object));
  }

  isGone(uid: string): boolean {
    return !this.list().some((widget) => widget.metadata.uid === uid);
  }

  #record(type: ChangeType, widget: Widget): void {
    if (type !== "DELETED") this.#states.set(stateId(widget), [...(this.#states.get(stateId(widget)) ?? []), withoutManagers(widget)]);
    const change = { version: this.#version, line: changeLine(type, widget) };
    this.#history.push(change);
    for (const listener of this.#listeners) listener(change);
  }
}

/** What a cache is to hold of it. */
export function withoutManagers(widget: Widget): Widget {
  const { managedFields: _managedFields, ...metadata } = widget.metadata as Widget["metadata"] & { readonly managedFields?: unknown };
  return { ...widget, metadata };
}

function stateId({ metadata }: KubeObject): string {
  return `${metadata.uid}@${metadata.resourceVersion}`;
}
