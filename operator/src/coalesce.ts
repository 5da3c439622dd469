/** Many wishes for the same work in a short time become one. */

/**
 * @param delayMs from the first wish to the work
 * @returns wish for it
 */
export function coalesce(delayMs: number, work: () => void): () => void {
  let wished = false;
  return () => {
    if (wished) return;
    wished = true;
    setTimeout(() => {
      wished = false;
      work();
    }, delayMs).unref();
  };
}
