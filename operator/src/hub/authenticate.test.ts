import type { KubeClient } from "kopf-ts";
import { describe, expect, it } from "vitest";
import type { TokenReview } from "../kinds.js";
import { createAuthenticator, judgeReview } from "./authenticate.js";

const account = "system:serviceaccount:meridian-system:meridian-agent";
const good = {
  authenticated: true,
  audiences: ["meridian-hub"],
  user: { username: account, extra: { "authentication.kubernetes.io/node-name": ["worker-1"] } },
};
const review = (status: TokenReview["status"]): TokenReview => ({
  apiVersion: "authentication.k8s.io/v1",
  kind: "TokenReview",
  metadata: { name: "" },
  ...(status ? { status } : {}),
});
/** A token of so many seconds. The dates are far from ours: only the span counts. */
const token = (seconds: number, change: object = {}) => {
  const claims = { iat: 50, exp: 50 + seconds, aud: ["meridian-hub"], sub: account, "kubernetes.io": { node: { name: "worker-1" } } };
  return `h.${Buffer.from(JSON.stringify({ ...claims, ...change })).toString("base64url")}.s`;
};

describe("the judgement on a token", () => {
  it("takes the node from the token", () => {
    expect(judgeReview(review(good), account, 5)).toEqual({ kind: "agent", node: "worker-1", lifeMs: 5 });
  });

  it.each([
    ["not authenticated", { ...good, authenticated: false, error: "expired" }],
    ["without an answer", undefined],
    ["for another audience", { ...good, audiences: ["api"] }],
    ["for no audience", { authenticated: true, user: good.user }],
    ["of another account", { ...good, user: { ...good.user, username: "system:serviceaccount:evil:meridian-agent" } }],
    ["bound to no node", { ...good, user: { username: account } }],
    ["bound to two nodes", { ...good, user: { username: account, extra: { "authentication.kubernetes.io/node-name": ["a", "b"] } } }],
    ["bound to an empty name", { ...good, user: { username: account, extra: { "authentication.kubernetes.io/node-name": [""] } } }],
  ])("refuses one that is %s", (_what, status) => {
    expect(judgeReview(review(status), account, 5).kind).toBe("refused");
  });
});

describe("authentication", () => {
  const counting = (answer: () => Promise<TokenReview>) => {
    const calls = { count: 0 };
    const client = { create: () => ((calls.count += 1), answer()) } as unknown as KubeClient;
    return { calls, client };
  };

  it("believes a review for two minutes, and never longer than the token lives", async () => {
    let now = 1_000_000;
    const { calls, client } = counting(() => Promise.resolve(review(good)));
    const { authenticate } = createAuthenticator(client, account, () => now);
    const long = token(10_000);
    const brief = token(10);
    await authenticate(long, "10.0.0.9");
    await authenticate(long, "10.0.0.9");
    expect(calls.count).toBe(1);
    now += 119_000;
    await authenticate(long, "10.0.0.9");
    expect(calls.count).toBe(1);
    now += 2_000;
    await authenticate(long, "10.0.0.9");
    expect(calls.count).toBe(2);
    now = 1_000_000;
    await authenticate(brief, "10.0.0.9");
    now = 1_011_000;
    await authenticate(brief, "10.0.0.9");
    expect(calls.count).toBe(4);
  });

  it("remembers a refusal for ten seconds: trying again and again costs the API server nothing", async () => {
    let now = 0;
    const { calls, client } = counting(() => Promise.resolve(review({ authenticated: false })));
    const { authenticate } = createAuthenticator(client, account, () => now);
    await authenticate(token(1), "10.0.0.9");
    await authenticate(token(1), "10.0.0.9");
    expect(calls.count).toBe(1);
    now = 10_001;
    await authenticate(token(1), "10.0.0.9");
    expect(calls.count).toBe(2);
  });

  it("has at most 64 reviews under way, whoever asks", async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const { calls, client } = counting(() => gate.then(() => review(good)));
    const { authenticate } = createAuthenticator(client, account, () => 0);
    const answers = Array.from({ length: 100 }, (_, index) => authenticate(token(100 + index), `10.0.0.${String(index)}`));
    release();
    const kinds = (await Promise.all(answers)).map(({ kind }) => kind);
    expect(calls.count).toBe(64);
    expect(kinds.filter((kind) => kind === "unavailable")).toHaveLength(36);
    expect((await authenticate(token(1), "10.0.0.9")).kind).toBe("agent");
  });

  it("tells an API server that does not answer from a bad token", async () => {
    const { client } = counting(() => Promise.reject(new Error("no route")));
    expect(await createAuthenticator(client, account, () => 0).authenticate(token(1), "10.0.0.9")).toEqual({
      kind: "unavailable",
      reason: "no route",
    });
  });

  it.each([
    ["nothing", ""],
    ["more than any token", "x".repeat(20_000)],
    ["what is no token at all", "nonsense"],
    ["a token for another audience", token(1, { aud: ["api"] })],
    ["a token of another account", token(1, { sub: "system:serviceaccount:evil:meridian-agent" })],
    ["a token that is bound to no node", token(1, { "kubernetes.io": {} })],
    ["a token whose claims are none", `h.${Buffer.from("[1]").toString("base64url")}.s`],
  ])("asks nobody about %s", async (_what, sent) => {
    const { calls, client } = counting(() => Promise.resolve(review(good)));
    expect((await createAuthenticator(client, account, () => 0).authenticate(sent, "10.0.0.9")).kind).toBe("refused");
    expect(calls.count).toBe(0);
  });

  it("asks for one address so often and no more, and for others all the same", async () => {
    let now = 0;
    const { calls, client } = counting(() => Promise.resolve(review({ authenticated: false })));
    const { authenticate } = createAuthenticator(client, account, () => now);
    for (let forged = 0; forged < 1000; forged += 1) await authenticate(token(1, { jti: String(forged) }), "10.0.0.66");
    expect(calls.count).toBe(100);
    await authenticate(token(1), "10.0.0.9");
    expect(calls.count).toBe(101);
    now = 1000;
    for (let forged = 0; forged < 1000; forged += 1) await authenticate(token(2, { jti: String(forged) }), "10.0.0.66");
    expect(calls.count).toBe(111);
  });
});
