/**
 * Who an agent is: the API server says so, never the agent. A token counts when it is for the hub, of the agents' own account,
 * and bound to a node; the node of the stream is the token's.
 */
import { createHash } from "node:crypto";
import type { KubeClient } from "kopf-ts";
import { messageOf } from "../errors.js";
import { type TokenReview, TokenReviews } from "../kinds.js";

export const hubAudience = "meridian-hub";
const nodeNameKey = "authentication.kubernetes.io/node-name";
/** A review is believed for at most this long, so that a revoked token is found out. */
const cacheMs = 120_000;
/** A refusal is remembered for so long: whoever tries again and again costs the API server nothing. */
const refusalMs = 10_000;
const cacheEntries = 10_000;
const longestToken = 16_384;
/** Reviews under way at once; more must come again. */
const mostReviews = 64;

export type Authentication =
  /** `lifeMs`: how long the token may still be good, by its own claims: our clock may be as wrong as an agent's. */
  | { readonly kind: "agent"; readonly node: string; readonly lifeMs: number }
  | { readonly kind: "refused"; readonly reason: string }
  /** The API server did not answer: nothing is known about the token. */
  | { readonly kind: "unavailable"; readonly reason: string };

export interface Authenticator {
  /** Never throws. */
  readonly authenticate: (token: string) => Promise<Authentication>;
}

/** @param account `system:serviceaccount:<namespace>:<name>` of the agents. @param now monotonic ms */
export function createAuthenticator(client: KubeClient, account: string, now: () => number): Authenticator {
  const cache = new Map<string, { readonly answer: Authentication; readonly until: number }>();
  let underway = 0;

  const review = async (token: string): Promise<Authentication> => {
    if (underway >= mostReviews) return { kind: "unavailable", reason: `${mostReviews} reviews are under way` };
    underway += 1;
    try {
      const body = { metadata: {}, spec: { token, audiences: [hubAudience] } };
      return judgeReview(await client.create<TokenReview, typeof body>(TokenReviews, body), account, lifeOf(token));
    } catch (error) {
      return { kind: "unavailable", reason: messageOf(error) };
    } finally {
      underway -= 1;
    }
  };

  return {
    async authenticate(token) {
      if (token === "" || token.length > longestToken) return { kind: "refused", reason: "no token" };
      // The digest, so that no token stays in memory longer than its review.
      const key = createHash("sha256").update(token).digest("base64");
      const known = cache.get(key);
      if (known && known.until > now()) return known.answer;
      const answer = await review(token);
      const believedMs = answer.kind === "agent" ? Math.min(cacheMs, answer.lifeMs) : answer.kind === "refused" ? refusalMs : 0;
      if (cache.size >= cacheEntries) cache.clear();
      if (believedMs > 0) cache.set(key, { answer, until: now() + believedMs });
      return answer;
    },
  };
}

/** @param lifeMs of the token */
export function judgeReview({ status }: TokenReview, account: string, lifeMs: number): Authentication {
  const refused = (reason: string): Authentication => ({ kind: "refused", reason });
  if (status?.authenticated !== true) return refused(status?.error ?? "the token is not valid");
  if (status.audiences?.includes(hubAudience) !== true) return refused(`the token is not for the audience ${hubAudience}`);
  if (status.user?.username !== account) return refused(`the token is of ${status.user?.username ?? "nobody"}, not of ${account}`);
  const nodes = status.user.extra?.[nodeNameKey] ?? [];
  const node = nodes[0];
  if (nodes.length !== 1 || !node) return refused("the token is bound to no node");
  return { kind: "agent", node, lifeMs };
}

/** exp − iat of a JWT that the API server is about to verify; one without them counts as expired, so that its stream ends soon. */
function lifeOf(token: string): number {
  try {
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { exp?: unknown; iat?: unknown };
    const { exp, iat } = claims;
    return typeof exp === "number" && typeof iat === "number" ? Math.max(0, (exp - iat) * 1000) : 0;
  } catch {
    return 0;
  }
}
