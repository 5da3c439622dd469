/** What a reflector tells: enough to keep an exact copy, and nothing about how it was obtained. */
import type { KubeObject } from "../object/kube-object.js";

export type ReflectorEvent =
  /** Everything that exists follows; what does not appear before `snapshotEnd` is gone. May begin anew before its end. */
  | { readonly kind: "snapshotStart" }
  | { readonly kind: "changed"; readonly object: KubeObject }
  | { readonly kind: "deleted"; readonly object: KubeObject }
  | { readonly kind: "snapshotEnd"; readonly resourceVersion: string }
  /** All changes up to this version have been told. */
  | { readonly kind: "progress"; readonly resourceVersion: string }
  /** Nothing can be learned at present; what is known stays valid until told otherwise. */
  | { readonly kind: "interrupted"; readonly error: unknown; readonly retryInMs: number };
