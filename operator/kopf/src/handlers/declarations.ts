/** What an author declared, as data. Collected before run(), wired by it. */
import { KopfError } from "../errors.js";
import { type KubeObject, type ObjectKey, type ResourceType, typeId } from "../object/kube-object.js";
import type { Cache, LifecycleContext, ReconcileHandler, ReconcileOptions, TimerHandler, TimerOptions } from "./app.js";

/** The type parameter ends at the public API; inside, every object is a KubeObject. */
export interface ReconcileDeclaration {
  readonly type: ResourceType;
  readonly handler: ReconcileHandler<KubeObject>;
  readonly options: ReconcileOptions<KubeObject>;
}

export interface TimerDeclaration {
  readonly type: ResourceType;
  readonly handler: TimerHandler<KubeObject>;
  readonly options: TimerOptions;
}

/** A change of `type` leads to calls of the handler of `target`. */
export interface Link {
  readonly type: ResourceType;
  readonly target: ResourceType;
  /** Label for errors of the map function. */
  readonly name: string;
  readonly map: (object: KubeObject, cache: Cache) => Iterable<ObjectKey>;
}

export type LifecycleAction = (context: LifecycleContext) => Promise<void>;

export interface Declarations {
  readonly reconciles: Map<string, ReconcileDeclaration>;
  readonly timers: TimerDeclaration[];
  readonly links: Link[];
  readonly startups: LifecycleAction[];
  readonly cleanups: LifecycleAction[];
}

export function emptyDeclarations(): Declarations {
  return { reconciles: new Map(), timers: [], links: [], startups: [], cleanups: [] };
}

/** Throws KOPF_CONFIG_INVALID for a link to a type that nobody reconciles: it would silently do nothing. */
export function checkDeclarations({ links, reconciles }: Declarations): void {
  for (const { name, target } of links) {
    if (!reconciles.has(typeId(target))) throw new KopfError("KOPF_CONFIG_INVALID", `${name}: nothing reconciles ${target.kind}`);
  }
}

/** Throws KOPF_CONFIG_INVALID for a number that would make a worker pool or a timer spin or stand still. */
export function checkPositive(name: string, value: number | undefined): void {
  if (value !== undefined && !(value > 0 && Number.isFinite(value)))
    throw new KopfError("KOPF_CONFIG_INVALID", `${name} must be positive, is ${value}`);
}
