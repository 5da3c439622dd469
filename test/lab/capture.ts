/** What crosses the lab's switch, recorded by dumpcap and judged by tshark: a stranger's reading of our packets. */
import { spawnSync } from "node:child_process";
import { LabProcess } from "./child-process.js";
import { labError } from "./errors.js";

/** PTP and NTP ports; the bridge is made promiscuous, else it hands over what is for itself only. @param logFile of dumpcap */
export function startCapture(device: string, file: string, logFile: string): LabProcess {
  const args = ["-q", "-P", "-i", device, "-f", "udp port 123 or udp port 319 or udp port 320", "-w", file];
  return LabProcess.start({ name: "dumpcap", program: "dumpcap", args, logFile });
}

/** tshark's "chat": a remark, e.g. that a client's port is one that traceroute would use. Notes, warnings and errors are above it. */
const chat = 0x20_0000;

export interface CapturedPacket {
  /** IPv4, dotted. */
  readonly source: string;
  /** "ptp" | "ntp". */
  readonly protocol: string;
  /** What tshark has to say against it; empty: nothing. */
  readonly complaint: string;
}

/** @throws MER_LAB_COMMAND_FAILED */
export function readCapture(file: string): CapturedPacket[] {
  const fields = ["ip.src", "frame.protocols", "_ws.malformed", "_ws.expert.message", "_ws.expert.severity"].flatMap((field) => [
    "-e",
    field,
  ]);
  const { status, stdout, stderr, error } = spawnSync("tshark", ["-r", file, "-T", "fields", "-E", "separator=|", ...fields], {
    encoding: "utf8",
    maxBuffer: 64 << 20,
  });
  if (status !== 0) throw labError("MER_LAB_COMMAND_FAILED", `tshark: ${(error?.message ?? stderr).trim()}`);
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [source = "", protocols = "", malformed = "", message = "", severities = ""] = line.split("|");
      const expert = severities.split(",").every((severity) => Number(severity) <= chat) ? "" : message;
      const protocol = protocols.split(":").at(-1) ?? "";
      return { source, protocol, complaint: [malformed, expert].filter((text) => text !== "").join(", ") };
    });
}
