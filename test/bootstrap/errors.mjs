// Coded errors of the bootstrap: what a user may meet and what helps. docs/reference/errors.md is generated from it. Plain
// JavaScript, because the bootstrap runs before anything is compiled.

export const bootstrapErrorRegistry = [
  {
    code: "MER_BOOTSTRAP_MISSING",
    meaning: "This machine lacks a program or a version of it that the command needs; the exit code is 2.",
    remedy: "The message names each and how to get it, one line each. `npm test` goes on without and skips what needs them, by name.",
  },
  {
    code: "MER_BOOTSTRAP_FAILED",
    meaning: "A step of the bootstrap (compiler, cargo, go, npm, apt-get) ended with an error.",
    remedy: "The message holds the command and its last lines; correct that and run the same command again: finished steps are cached.",
  },
];
