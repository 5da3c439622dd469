/** Whether handlers may be called now: the one answer that queues, feeds and guarded clients ask for. */
import { KopfError } from "../errors.js";
import type { Elector } from "../leader/elector.js";
import type { Term } from "../leader/leadership.js";

export interface Tenure {
  /** A term runs: changes are worth remembering one by one. Between terms they are not, since a term begins with everything. */
  readonly leads: boolean;
  /** The term's own actions are through, and it is young enough by the clock: handlers may be called. */
  mayWork(): boolean;
  /** For the calls that begin now: throws KOPF_TERM_ENDED as soon as their term is over, also if another one runs by then. */
  guard(): () => void;
  /** Handlers may be called from now on; null: no more. */
  open(term: Term | null): void;
}

export function createTenure(elector: Elector): Tenure {
  let opened: Term | null = null;
  return {
    get leads() {
      return elector.leadership.term !== null;
    },
    mayWork: () => opened !== null && elector.confirm() && !opened.signal.aborted,
    guard() {
      const term = elector.leadership.term;
      return () => {
        elector.confirm();
        if (term === null || term.signal.aborted)
          throw new KopfError("KOPF_TERM_ENDED", "the term of this call is over: nothing is written");
      };
    },
    open(term) {
      opened = term;
    },
  };
}
