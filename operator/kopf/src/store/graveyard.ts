/**
 * What was deleted, for as long as an older event may still arrive and make it seem alive: until the server says that all
 * changes up to a version were told, after which that version alone is enough to know.
 */
import { compareVersions } from "../object/compare-versions.js";

/** Bookmarks come every minute; without any, the oldest graves are given up first. */
const mostGraves = 10_000;

export class Graveyard {
  /** uid → version of the deletion. */
  readonly #graves = new Map<string, string>();
  #toldUpTo = "";

  /** Notes a deletion. */
  dig(uid: string, resourceVersion: string): void {
    this.#graves.delete(uid);
    this.#graves.set(uid, resourceVersion);
    for (const oldest of this.#graves.keys()) {
      if (this.#graves.size <= mostGraves) break;
      this.#graves.delete(oldest);
    }
  }

  /** True for a state of an object nobody knows which is from before its deletion. */
  holds(uid: string, resourceVersion: string): boolean {
    const deletion = this.#graves.get(uid);
    return isAtMost(resourceVersion, this.#toldUpTo) || (deletion !== undefined && isAtMost(resourceVersion, deletion));
  }

  /** All changes up to this version were told. */
  level(resourceVersion: string): void {
    if (isAtMost(resourceVersion, this.#toldUpTo)) return;
    this.reset(resourceVersion);
  }

  /** As level(), also when the storage went back. */
  reset(resourceVersion: string): void {
    this.#toldUpTo = resourceVersion;
    for (const [uid, deletion] of this.#graves) if (isAtMost(deletion, resourceVersion)) this.#graves.delete(uid);
  }
}

function isAtMost(a: string, b: string): boolean {
  const order = compareVersions(a, b);
  return order !== undefined && order <= 0;
}
