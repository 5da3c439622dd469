//! For tests only, never shipped: the kernel's clocks, to be preloaded (LD_PRELOAD) into a process that steers them. The machine that
//! runs the tests has no PTP hardware clock, and its own clock must never be adjusted; here the very code that ships makes its real
//! calls with real structures, and they end in a file (MERIDIAN_FAKE_KERNEL) that the test reads and writes.
//!
//! No adjusting call ever reaches the real kernel, whether or not a file is named: without one they fail with EPERM.
//!
//! The truth is the real CLOCK_REALTIME, the domain of the stamps that the kernel makes of packets; the fake machine's oscillator
//! differs from it by a constant frequency, and its clocks run on that oscillator. Facts follow kernel/time/ntp.c, timekeeping.c and
//! drivers/ptp/ptp_clock.c.

mod adjust;
mod device;
mod errno;
mod interpose;
mod messages;
mod phc;
mod real;
mod realtime;
mod samples;
mod state;
mod words;
