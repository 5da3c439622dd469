import { defineConfig } from "vitest/config";

// Workspace packages resolve to their TypeScript sources, so that a test never runs against a stale build.
export default defineConfig({
  resolve: { conditions: ["meridian-source"] },
  ssr: { resolve: { conditions: ["meridian-source"] } },
  test: {
    include: ["{crds,proto,operator,node-agent,test}/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    reporters: ["default", "./test/bootstrap/summary-reporter.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    globalSetup: ["./test/bootstrap/refuse-clock-rights.mjs"],
    maxWorkers: 2,
  },
});
