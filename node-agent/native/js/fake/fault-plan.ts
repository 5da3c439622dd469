/** What goes wrong on a fake machine, until the test takes it back. Names are interfaces, peers as "address:port", and URIs of clocks. */
import type { ErrnoName } from "./native-error.js";

export class FaultPlan {
  /** `new Port` on the interface fails, as if another program held 319, or without the capabilities for it. */
  readonly openPort = new Map<string, ErrnoName>();
  readonly openProgram = new Map<string, ErrnoName>();
  /** `new DatagramSocket` to the peer fails. */
  readonly openSocket = new Map<string, ErrnoName>();
  /** `new NtpServer` on the UDP port fails, as if another daemon held it. */
  readonly openServer = new Map<number, ErrnoName>();
  /** `sendEvent`, `sendGeneral` and `send` return it. */
  readonly send = new Map<string, ErrnoName>();
  /** The kernel gives a record without a time, or none at all. */
  readonly transmitStamp = new Map<string, "untimed" | "never">();
  readonly openClock = new Map<string, ErrnoName>();
  /** `command` and `step` on the clock fail. */
  readonly steer = new Map<string, ErrnoName>();
}
