import { expect, test } from "vitest";
import { NameResolver } from "./resolve-name.js";

const never = () => new Promise<string>(() => undefined);
const codeOf = async (resolving: Promise<string>): Promise<unknown> =>
  resolving.then(
    () => "resolved",
    (error: unknown) => (error as { code?: unknown }).code,
  );

test("an address needs no resolver, a name does", async () => {
  const asked: string[] = [];
  const resolver = new NameResolver(async (name) => {
    asked.push(name);
    return "192.0.2.7";
  });
  expect(await resolver.resolve("192.0.2.1")).toBe("192.0.2.1");
  expect(await resolver.resolve("time.example.org")).toBe("192.0.2.7");
  expect(asked).toEqual(["time.example.org"]);
});

test("the system's resolver knows this machine, and says of a name that cannot be that it is not", async () => {
  const resolver = new NameResolver();
  expect(await resolver.resolve("localhost")).toMatch(/^127\./);
  expect(await codeOf(resolver.resolve("no-such-host.invalid"))).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/);
});

test("a resolver that hangs is given up, and never occupies more than two of Node's threads", async () => {
  const resolver = new NameResolver(never, 10);
  expect(await Promise.all(["a", "b"].map((name) => codeOf(resolver.resolve(name))))).toEqual(["ETIMEDOUT", "ETIMEDOUT"]);
  expect(await codeOf(resolver.resolve("c"))).toBe("EBUSY");
  expect(await resolver.resolve("192.0.2.1")).toBe("192.0.2.1");
});

test("a name that failed frees its place", async () => {
  const resolver = new NameResolver(() => Promise.reject(Object.assign(new Error("no"), { code: "ENOTFOUND" })));
  for (let i = 0; i < 5; i++) expect(await codeOf(resolver.resolve("x"))).toBe("ENOTFOUND");
});
