/** The native module as the host uses it: injected, so that a test can put @meridian/native/fake in its place. */
import { Clock, ClockPage, DatagramSocket, DisruptionWatch, FdTimer, NtpServer, Port, SyncProgram } from "@meridian/native";

export interface NativeModule {
  readonly Clock: Pick<typeof Clock, "open">;
  readonly ClockPage: typeof ClockPage;
  readonly DisruptionWatch: typeof DisruptionWatch;
  readonly Port: typeof Port;
  readonly SyncProgram: typeof SyncProgram;
  readonly FdTimer: typeof FdTimer;
  readonly DatagramSocket: typeof DatagramSocket;
  readonly NtpServer: typeof NtpServer;
}

export const nativeModule: NativeModule = {
  Clock,
  ClockPage,
  DisruptionWatch,
  Port,
  SyncProgram,
  FdTimer,
  DatagramSocket,
  NtpServer,
};
