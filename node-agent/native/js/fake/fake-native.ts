/** The whole native module on a fake machine. Its return type is the proof that index.d.ts and the fake have one shape. */
import type * as native from "../../index.js";
import type {
  ClockDisturbance,
  ClockOptions,
  DatagramSocketOptions,
  DisruptionWatchOptions,
  NtpServerOptions,
  PageOptions,
  PhcDescription,
  PortOptions,
  SyncProgramOptions,
  TimestampingCapabilities,
  VirtualClockOptions,
} from "../../index.js";
import * as layout from "../layout.js";
import { FakeClock } from "./fake-clock.js";
import { FakeClockPage } from "./fake-clock-page.js";
import { FakeClockReader } from "./fake-clock-reader.js";
import { FakeDatagramSocket } from "./fake-datagram-socket.js";
import { FakeDisruptionWatch } from "./fake-disruption-watch.js";
import { FakeFdTimer } from "./fake-fd-timer.js";
import type { FakeMachine } from "./fake-machine.js";
import { FakeNtpServer } from "./fake-ntp-server.js";
import { FakePort } from "./fake-port.js";
import { FakeSyncProgram } from "./fake-sync-program.js";
import { FakeTruthReader } from "./fake-truth-reader.js";

export function createFakeNative(machine: FakeMachine): typeof native {
  return {
    createVirtualClock: (path: string, options: VirtualClockOptions): void => machine.createClock(path, options),
    describePhc: (index: number): PhcDescription => machine.describePhc(index),
    disturbVirtualClock: (path: string, change: ClockDisturbance): void => machine.findFile(path).disturb(change),
    Clock: class Clock extends FakeClock {
      static open(uri: string, options: ClockOptions): Clock {
        return new Clock(machine, uri, options);
      }
    },
    Port: class Port extends FakePort {
      constructor(options: PortOptions, onReady: () => void) {
        super(machine, options, onReady);
      }
    },
    SyncProgram: class SyncProgram extends FakeSyncProgram {
      constructor(options: SyncProgramOptions) {
        super(machine, options);
      }
    },
    DatagramSocket: class DatagramSocket extends FakeDatagramSocket {
      constructor(options: DatagramSocketOptions, onReady: () => void) {
        super(machine, options, onReady);
      }
    },
    NtpServer: class NtpServer extends FakeNtpServer {
      constructor(options: NtpServerOptions) {
        super(machine, options);
      }
    },
    FdTimer: class FdTimer extends FakeFdTimer {
      constructor(onTick: () => void) {
        super(machine, onTick);
      }
    },
    ClockPage: class ClockPage extends FakeClockPage {
      constructor(path: string, options?: PageOptions) {
        super(machine, path, options);
      }
    },
    DisruptionWatch: class DisruptionWatch extends FakeDisruptionWatch {
      constructor(options: DisruptionWatchOptions, onDisruption: () => void) {
        super(machine, options, onDisruption);
      }
    },
    ClockReader: class ClockReader extends FakeClockReader {
      constructor(pagePath: string, bound: "Calibrated" | "Guaranteed") {
        super(machine, pagePath, bound);
      }
    },
    TruthReader: class TruthReader extends FakeTruthReader {
      constructor(clockPath: string, pagePath: string) {
        super(machine, clockPath, pagePath);
      }
    },
    readTimestampingCapabilities: (interfaceName: string): TimestampingCapabilities => machine.readCapabilities(interfaceName),
    readRawSeconds: (): number => machine.rawSecondsAt(machine.now),
    trimMemory: (): number => 0,
    recordLayout: (): Record<string, number> =>
      Object.fromEntries(
        Object.entries(layout).flatMap(([group, fields]) => Object.entries(fields).map(([name, value]) => [`${group}.${name}`, value])),
      ),
  };
}
