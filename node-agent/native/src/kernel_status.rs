//! What the kernel tells everybody about CLOCK_REALTIME: whether it is synchronized, how far it may be off, TAI − UTC and the next leap
//! second. Programs read it by adjtimex(2) and ntp_adjtime(3).
//!
//! While STA_UNSYNC is clear the kernel itself writes the time into the RTC every 11 minutes (CONFIG_RTC_SYSTOHC); nothing of ours does.
//! It adds 500 ppm to maxerror every second and declares the clock unsynchronized at 16 s, so that a dead agent's word runs out by itself.

use libc::c_int;

use crate::errors::Result;
use crate::js::Fields;
use crate::kernel_adjust::{self, ADJ_ESTERROR, ADJ_MAXERROR, ADJ_STATUS, ADJ_TAI};

/// NTP_PHASE_LIMIT, µs: what maxerror and esterror end at.
const ERROR_LIMIT_US: f64 = 16_000_000.0;
/// MAX_TAI_OFFSET of the kernel.
const TAI_LIMIT_SECONDS: f64 = 100_000.0;
/// Bits of `status` that are ours to say; the loops' were cleared when the clock was taken over.
const OURS: c_int = libc::STA_UNSYNC | libc::STA_INS | libc::STA_DEL;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KernelStatus {
    synchronized: bool,
    max_error_us: i64,
    est_error_us: i64,
    tai_offset_seconds: Option<i64>,
    /// 0, STA_INS or STA_DEL.
    leap: c_int,
}

impl KernelStatus {
    pub fn read(status: &Fields) -> Result<Self> {
        Ok(Self {
            synchronized: status.flag(c"synchronized")?,
            max_error_us: micros(status.within(c"maxErrorNs", 0.0..=f64::MAX)?),
            est_error_us: micros(status.within(c"estErrorNs", 0.0..=f64::MAX)?),
            tai_offset_seconds: status
                .optional(c"taiOffsetSeconds", 0.0..=TAI_LIMIT_SECONDS)?
                .map(|seconds| seconds.round() as i64),
            leap: match status.integer(c"leap", -1.0..=1.0)? {
                1 => libc::STA_INS,
                -1 => libc::STA_DEL,
                _ => 0,
            },
        })
    }

    /// Says so for CLOCK_REALTIME.
    pub fn set(&self, detail: &str) -> Result<()> {
        let mut change = kernel_adjust::read(libc::CLOCK_REALTIME, detail)?;
        change.modes = ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR;
        change.status = change.status & !OURS | self.leap | if self.synchronized { 0 } else { libc::STA_UNSYNC };
        (change.maxerror, change.esterror) = (self.max_error_us, self.est_error_us);
        if let Some(seconds) = self.tai_offset_seconds {
            change.modes |= ADJ_TAI;
            change.constant = seconds;
        }
        kernel_adjust::adjust(libc::CLOCK_REALTIME, &mut change, detail)
    }
}

/// Rounded up: a bound that is rounded to nearest is none.
fn micros(ns: f64) -> i64 {
    (ns / 1e3).ceil().min(ERROR_LIMIT_US) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_rounded_up_and_end_at_the_kernels_limit() {
        assert_eq!([0.0, 1.0, 1_000.0, 1_000.1, 1.6e10, 1e300].map(micros), [0, 1, 1, 2, 16_000_000, 16_000_000]);
    }
}
