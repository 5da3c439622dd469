//! Host clocks and the split of nanoseconds that fits doubles.

use libc::{clock_gettime, clockid_t, timespec};
use napi_derive::napi;

pub const NS_PER_SECOND: i64 = 1_000_000_000;

/// A host clock in ns. Reads only: nothing in this module ever sets or adjusts a clock of the host.
pub fn host_ns(clock: clockid_t) -> i64 {
    let mut time = timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is writable, and the clocks used here exist on every Linux.
    unsafe { clock_gettime(clock, &mut time) };
    to_ns(&time)
}

pub fn to_ns(time: &timespec) -> i64 {
    time.tv_sec.saturating_mul(NS_PER_SECOND).saturating_add(time.tv_nsec)
}

pub fn to_timespec(ns: i64) -> timespec {
    timespec { tv_sec: ns.div_euclid(NS_PER_SECOND), tv_nsec: ns.rem_euclid(NS_PER_SECOND) }
}

/// Whole seconds and nanoseconds: each exact in a double, which their sum is not.
pub fn split(ns: i64) -> (f64, u32) {
    (ns.div_euclid(NS_PER_SECOND) as f64, ns.rem_euclid(NS_PER_SECOND) as u32)
}

pub fn seconds(ns: i64) -> f64 {
    // Through whole seconds: a plain `ns as f64` loses the nanoseconds of a large count before the division.
    ns.div_euclid(NS_PER_SECOND) as f64 + ns.rem_euclid(NS_PER_SECOND) as f64 * 1e-9
}

/// CLOCK_REALTIME − `other` by the narrowest of a few sandwiches, and how wide that was; both ns. The error is at most half the width.
pub fn realtime_minus(other: clockid_t) -> (i64, i64) {
    let mut best = (0, i64::MAX);
    for _ in 0..4 {
        let before = host_ns(libc::CLOCK_REALTIME);
        let middle = host_ns(other);
        let width = host_ns(libc::CLOCK_REALTIME) - before;
        if (0..best.1).contains(&width) {
            best = (before + width / 2 - middle, width);
        }
    }
    best
}

#[napi]
pub fn read_raw_seconds() -> f64 {
    seconds(host_ns(libc::CLOCK_MONOTONIC_RAW))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_times_split_into_a_floor_and_a_positive_rest() {
        assert_eq!(split(-1), (-1.0, 999_999_999));
        assert_eq!(split(1_500_000_000), (1.0, 500_000_000));
        assert_eq!(to_ns(&to_timespec(-1)), -1);
    }
}
