/**
 * Who an agent is: the API server says so, never the agent. A token counts when it is for the hub, of the agents' own account,
 * and bound to a node; the node of the stream is the token's.
 */
import { createHash } from "node:crypto";
import type { KubeClient } from "kopf-ts";
import { messageOf } from "../errors.js";
import { type TokenReview, TokenReviews } from "../kinds.js";
import { Pace } from "./pace.js";

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
/** Reviews that one address may cause: its nodes' agents come back at once, and then seldom. */
const reviewsPerAddress = { burst: 100, perSecond: 10 };

export type Authentication =
  /** `lifeMs`: how long the token may still be good, by its own claims: our clock may be as wrong as an agent's. */
  | { readonly kind: "agent"; readonly node: string; readonly lifeMs: number }
  | { readonly kind: "refused"; readonly reason: string }
  /** The API server did not answer: nothing is known about the token. */
  | { readonly kind: "unavailable"; readonly reason: string };

export interface Authenticator {
  /** Never throws. @param address of whoever shows it, for the pace of reviews */
  readonly authenticate: (token: string, address: string) => Promise<Authentication>;
}

/** @param account `system:serviceaccount:<namespace>:<name>` of the agents. @param now monotonic ms */
export function createAuthenticator(client: KubeClient, account: string, now: () => number): Authenticator {
  const cache = new Map<string, { readonly answer: Authentication; readonly until: number }>();
  const pace = new Pace({ ...reviewsPerAddress, now });
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
    async authenticate(token, address) {
      if (token === "" || token.length > longestToken) return { kind: "refused", reason: "no token" };
      // What it says of itself costs nothing to read: whoever does not even claim to be an agent asks the API server nothing.
      const problem = explainForeignClaims(claimsOf(token), account);
      if (problem !== null) return { kind: "refused", reason: problem };
      // The digest, so that no token stays in memory longer than its review.
      const key = createHash("sha256").update(token).digest("base64");
      const known = cache.get(key);
      if (known && known.until > now()) return known.answer;
      if (!pace.take(address)) return { kind: "unavailable", reason: "too many tokens from this address" };
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

interface Claims {
  readonly exp?: unknown;
  readonly iat?: unknown;
  readonly sub?: unknown;
  readonly aud?: unknown;
  readonly "kubernetes.io"?: { readonly node?: { readonly name?: unknown } };
}

/** What a JWT says of itself, unverified; a token that is none says nothing. */
function claimsOf(token: string): Claims {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    return typeof claims === "object" && claims !== null ? claims : {};
  } catch {
    return {};
  }
}

/** @returns why a token with these claims could never be an agent's; null: the API server has to say */
function explainForeignClaims({ aud, sub, "kubernetes.io": bound }: Claims, account: string): string | null {
  if (sub === undefined) return "it is no service account's token";
  const audiences = Array.isArray(aud) ? (aud as unknown[]) : [aud];
  if (!audiences.includes(hubAudience)) return `the token is not for the audience ${hubAudience}`;
  if (sub !== account) return `the token is not of ${account}`;
  return typeof bound?.node?.name === "string" ? null : "the token is bound to no node";
}

/** exp − iat of a JWT that the API server is about to verify; one without them counts as expired, so that its stream ends soon. */
function lifeOf(token: string): number {
  const { exp, iat } = claimsOf(token);
  return typeof exp === "number" && typeof iat === "number" ? Math.max(0, (exp - iat) * 1000) : 0;
}
