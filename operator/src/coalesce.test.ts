import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { coalesce } from "./coalesce.js";

it("does the work once for all who wished it meanwhile, and again for who comes later", async () => {
  let done = 0;
  const wish = coalesce(20, () => (done += 1));
  for (let times = 0; times < 1000; times += 1) wish();
  expect(done).toBe(0);
  await sleep(200);
  expect(done).toBe(1);
  wish();
  await sleep(200);
  expect(done).toBe(2);
});
