//! The kernel's timers: never early, and readable like a socket.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr::null_mut;

use libc::{itimerspec, timespec};

use crate::errors::{check, Result};
use crate::time::to_timespec;

/// The year 2200, s: what comes before is the cancellation.
const NEVER: libc::time_t = 7_258_118_400;

/// A disarmed timer on CLOCK_MONOTONIC.
pub fn open_timer() -> Result<OwnedFd> {
    // SAFETY: a fresh descriptor that belongs to nobody else.
    let fd = unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_NONBLOCK | libc::TFD_CLOEXEC) };
    // SAFETY: as above; `check` has refused a failed one.
    Ok(unsafe { OwnedFd::from_raw_fd(check(fd, "timerfd_create", "")?) })
}

/// Readable, by ECANCELED, whenever somebody sets CLOCK_REALTIME or the host resumes (TFD_TIMER_CANCEL_ON_SET).
pub fn open_set_alarm() -> Result<OwnedFd> {
    // SAFETY: a fresh descriptor that belongs to nobody else.
    let fd = unsafe { libc::timerfd_create(libc::CLOCK_REALTIME, libc::TFD_NONBLOCK | libc::TFD_CLOEXEC) };
    // SAFETY: as above; `check` has refused a failed one.
    let alarm = unsafe { OwnedFd::from_raw_fd(check(fd, "timerfd_create", "")?) };
    let times = itimerspec { it_interval: timespec { tv_sec: 0, tv_nsec: 0 }, it_value: timespec { tv_sec: NEVER, tv_nsec: 0 } };
    let flags = libc::TFD_TIMER_ABSTIME | libc::TFD_TIMER_CANCEL_ON_SET;
    // SAFETY: `times` is read only.
    check(unsafe { libc::timerfd_settime(alarm.as_raw_fd(), flags, &times, null_mut()) }, "timerfd_settime", "")?;
    Ok(alarm)
}

/// Sets a timerfd. Absolute on CLOCK_MONOTONIC, or from now; 0 disarms.
pub fn set_timer(timer: &OwnedFd, ns: i64, absolute: bool) -> Result<()> {
    let times = itimerspec { it_interval: timespec { tv_sec: 0, tv_nsec: 0 }, it_value: to_timespec(ns) };
    let flags = if absolute { libc::TFD_TIMER_ABSTIME } else { 0 };
    // SAFETY: `times` is read only.
    check(unsafe { libc::timerfd_settime(timer.as_raw_fd(), flags, &times, null_mut()) }, "timerfd_settime", "").map(drop)
}
