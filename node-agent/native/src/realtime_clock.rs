//! CLOCK_REALTIME as a clock that is read and never touched: somebody else steers it, and steering is what they did, measured as the
//! drift of CLOCK_REALTIME against CLOCK_MONOTONIC_RAW.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

use crate::clock_source::Reading;
use crate::time::{realtime_minus, seconds};

#[derive(Debug)]
pub struct RealtimeClock {
    /// CLOCK_REALTIME − CLOCK_MONOTONIC_RAW at the first reading, ns.
    first_ns: i64,
    /// CLOCK_REALTIME − CLOCK_MONOTONIC at the last look, ns. Both are slewed alike, so only a step changes it.
    monotonic_ns: AtomicI64,
    era: AtomicU64,
}

/// What two sandwiches may differ by without a step, beyond their widths, ns.
const STEP_THRESHOLD_NS: i64 = 1_000;

impl RealtimeClock {
    pub fn open() -> Self {
        let (first_ns, _) = realtime_minus(libc::CLOCK_MONOTONIC_RAW);
        let (monotonic_ns, _) = realtime_minus(libc::CLOCK_MONOTONIC);
        Self { first_ns, monotonic_ns: AtomicI64::new(monotonic_ns), era: AtomicU64::new(0) }
    }

    /// One look for a whole batch of stamps: over the milliseconds of a batch the rates agree far below 1 ns.
    pub fn sample(&self) -> Sample {
        let (monotonic_ns, width) = realtime_minus(libc::CLOCK_MONOTONIC);
        if width < i64::MAX {
            let last = self.monotonic_ns.swap(monotonic_ns, Relaxed);
            if (monotonic_ns - last).abs() > width.saturating_mul(2).saturating_add(STEP_THRESHOLD_NS) {
                self.era.fetch_add(1, Relaxed);
            }
        }
        let (raw_offset_ns, _) = realtime_minus(libc::CLOCK_MONOTONIC_RAW);
        Sample { raw_offset_ns, steering_ns: raw_offset_ns - self.first_ns, era: self.era.load(Relaxed) }
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Sample {
    raw_offset_ns: i64,
    steering_ns: i64,
    era: u64,
}

impl Sample {
    /// `frequency` is NaN: reading the kernel's takes a call that can also set it, which this module does not make.
    pub fn at(&self, real_ns: i64) -> Reading {
        Reading {
            ns: real_ns,
            raw: seconds(real_ns.saturating_sub(self.raw_offset_ns)),
            steering: self.steering_ns as f64,
            frequency: f64::NAN,
            era: self.era,
        }
    }
}
