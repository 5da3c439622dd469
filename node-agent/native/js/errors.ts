/**
 * Coded errors of the native module: docs/reference/errors.md is generated from it. The module writes the codes itself (src/errors.rs,
 * index.js); a test compares. What fails in a system call carries the errno's own name instead (`EADDRINUSE`, `EWOULDBLOCK`, …) and
 * the call's in `syscall`.
 */
export const nativeErrorRegistry = [
  {
    code: "MER_NATIVE_NOT_BUILT",
    meaning: "The native module is not there.",
    remedy: "Run `npm run build`, or set MERIDIAN_NATIVE to where the module is.",
  },
  {
    code: "MER_NATIVE_ARGUMENT",
    meaning: "A call got an argument of the wrong type or out of range.",
    remedy: "The message names the argument and what it must be. From Meridian's own programs this is a bug: report it.",
  },
  {
    code: "MER_NATIVE_CLOSED",
    meaning: "A clock, port, timer or page was used after it had been closed.",
    remedy: "This is a bug of the calling program: report it with the stack.",
  },
  {
    code: "MER_NATIVE_NOT_STEERABLE",
    meaning: "A command, step or status went to a clock that was opened for reading only, or to a device whose frequency is fixed.",
    remedy: "Open the clock with `steer: true`. That takes CAP_SYS_TIME for `realtime:` and a writable device for `phc:`.",
  },
  {
    code: "MER_NATIVE_FORMAT",
    meaning: "A file is not the virtual clock or clock page that it should be.",
    remedy: "The message names the file. Correct the path, or remove the file so that it is made again.",
  },
  {
    code: "MER_NATIVE_NODE",
    meaning: "Node refused a call that cannot fail in a healthy process.",
    remedy: "Use a supported version of Node (20.19 or later); if it happens there, report it.",
  },
  {
    code: "MER_NATIVE_PANIC",
    meaning: "The native module found itself in a state that its authors had excluded; the call was given up, the process goes on.",
    remedy: "This is a bug of the native module: report it with the message.",
  },
] as const;

export type NativeErrorCode = (typeof nativeErrorRegistry)[number]["code"];
