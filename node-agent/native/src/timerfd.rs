//! The kernel's timers: never early, and readable like a socket.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr::null_mut;

use libc::{itimerspec, timespec};

use crate::errors::{check, Result};
use crate::time::to_timespec;

/// A disarmed timer on CLOCK_MONOTONIC.
pub fn open_timer() -> Result<OwnedFd> {
    // SAFETY: a fresh descriptor that belongs to nobody else.
    let fd = unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_NONBLOCK | libc::TFD_CLOEXEC) };
    // SAFETY: as above; `check` has refused a failed one.
    Ok(unsafe { OwnedFd::from_raw_fd(check(fd, "timerfd_create", "")?) })
}

/// Sets a timerfd. Absolute on CLOCK_MONOTONIC, or from now; 0 disarms.
pub fn set_timer(timer: &OwnedFd, ns: i64, absolute: bool) -> Result<()> {
    let times = itimerspec { it_interval: timespec { tv_sec: 0, tv_nsec: 0 }, it_value: to_timespec(ns) };
    let flags = if absolute { libc::TFD_TIMER_ABSTIME } else { 0 };
    // SAFETY: `times` is read only.
    check(unsafe { libc::timerfd_settime(timer.as_raw_fd(), flags, &times, null_mut()) }, "timerfd_settime", "").map(drop)
}
