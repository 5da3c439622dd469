import { afterEach, expect, test, vi } from "vitest";
import { readAgentConfig } from "./config.js";

const read = (...argv: string[]) => readAgentConfig(["--node-name", "n1", ...argv], "1.2.3");

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test("a node name alone gives an agent that steers the node's clock from its stored configuration", () => {
  expect(read()).toEqual({
    nodeName: "n1",
    hubs: [],
    hubCaFile: "/etc/meridian/hub-ca/ca.crt",
    tokenFile: "/var/run/secrets/meridian/token",
    stateDirectory: "/var/lib/meridian",
    pageFile: "/var/run/meridian/clock",
    clockBoundDirectory: null,
    socketFile: "/var/run/meridian/agent.sock",
    mode: "steer",
    clocks: new Map([["realtime", "realtime:"]]),
    httpAddress: "0.0.0.0:9464",
    logLevel: "info",
  });
});

test.each([
  ["an unknown flag", ["--nodename", "x"], "--nodename"],
  ["a mode that does not exist", ["--mode", "fight"], "observe, steer"],
  ["a log level that does not exist", ["--log-level", "loud"], "trace"],
  ["an argument without a flag", ["extra"], "argument"],
  ["a flag without its value", ["--hub"], "--hub"],
  ["a hub without port", ["--hub", "operator"], "--hub"],
  ["a hub with a port beyond 65535", ["--hub", "operator:65536"], "--hub"],
  ["a hub with spaces", ["--hub", "oper ator:80"], "--hub"],
  ["a probe address without port", ["--http-address", "127.0.0.1"], "--http-address"],
  ["a clock without URI", ["--map-clock", "realtime"], "--map-clock"],
  ["a clock without scheme", ["--map-clock", "realtime=/path"], "--map-clock"],
])("refuses %s and names it", (_what, argv, named) => {
  const printed = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  expect(() => read(...argv)).toThrow(expect.objectContaining({ code: "MER_AGENT_CONFIG", message: expect.stringContaining(named) }));
  expect(printed).not.toHaveBeenCalled();
});

test("the socket is made where a flag or the environment says, or not at all", () => {
  expect(read("--socket", "/run/x.sock")?.socketFile).toBe("/run/x.sock");
  expect(read("--socket", "none")?.socketFile).toBeNull();
  expect(read("--clockbound-directory", "/var/run/clockbound")?.clockBoundDirectory).toBe("/var/run/clockbound");
  vi.stubEnv("MERIDIAN_SOCKET", "/run/y.sock");
  expect(read()?.socketFile).toBe("/run/y.sock");
});

test("refuses to run without a node name", () => {
  vi.stubEnv("NODE_NAME", "");
  expect(() => readAgentConfig([], "1")).toThrow(expect.objectContaining({ code: "MER_AGENT_CONFIG" }));
});

test("reads the environment, and a flag is stronger", () => {
  vi.stubEnv("NODE_NAME", "from-environment");
  vi.stubEnv("MERIDIAN_HUB", "operator:9443");
  vi.stubEnv("MERIDIAN_MODE", "observe");
  expect(readAgentConfig([], "1")).toMatchObject({ nodeName: "from-environment", hubs: ["operator:9443"], mode: "observe" });
  expect(read("--mode", "steer")).toMatchObject({ nodeName: "n1", mode: "steer" });
});

test("refuses a wrong value in the environment too", () => {
  vi.stubEnv("MERIDIAN_MODE", "fight");
  expect(() => read()).toThrow(expect.objectContaining({ code: "MER_AGENT_CONFIG" }));
});

test("takes an IPv6 hub, no probes, and any number of clocks", () => {
  const config = read(
    "--hub",
    "[fd00::1]:9443",
    "--http-address",
    "none",
    "--map-clock",
    "realtime=virtual:/a=b",
    "--map-clock",
    "/dev/ptp0=virtual:/c",
  );
  expect(config).toMatchObject({ hubs: ["[fd00::1]:9443"], httpAddress: null });
  expect(config?.clocks).toEqual(
    new Map([
      ["realtime", "virtual:/a=b"],
      ["/dev/ptp0", "virtual:/c"],
    ]),
  );
});

test.each(["--help", "--version"])("prints and runs nothing with %s", (flag) => {
  const printed = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  expect(readAgentConfig([flag], "1.2.3")).toBeNull();
  expect(String(printed.mock.calls[0]?.[0])).toMatch(flag === "--help" ? /--map-clock/ : /^1\.2\.3/);
});
