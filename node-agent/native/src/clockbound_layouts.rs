//! The two other layouts that ClockBound's readers know: version 1 of its clients 1.x, and version 3 of its clients 3.x, which carries a
//! time of its own and the period of the CPU's counter, so that its readers need no clock of the system. Version 2 is in `page_layout`.

use crate::page_layout::MAGIC;
use crate::page_state::{Claim, STATUS_DISRUPTED, STATUS_UNKNOWN};
use crate::time::NS_PER_SECOND;

/// Seconds and nanoseconds.
type Time = [i64; 2];

#[repr(C)]
struct Header {
    magic: [u32; 2],
    size: u32,
    version: u16,
    generation: u16,
}

impl Header {
    fn new(size: usize, version: u16, generation: u16) -> Self {
        Self { magic: MAGIC, size: size as u32, version, generation }
    }
}

/// `…/shm`.
#[repr(C)]
pub struct Page1 {
    header: Header,
    as_of: Time,
    void_after: Time,
    bound_ns: i64,
    max_drift_ppb: u32,
    _reserved: u32,
    status: i32,
    _padding: u32,
}

/// `…/shm1`. Its times are the clock's, not those of a monotonic one.
#[repr(C)]
pub struct Page3 {
    header: Header,
    as_of_counter: u64,
    as_of: Time,
    void_after: Time,
    period_fraction: u64,
    period_error_fraction: u64,
    bound_ns: i64,
    disruption_marker: u64,
    max_drift_ppb: u32,
    status: i32,
    disruption_support: u8,
    period_shift: u8,
    period_error_shift: u8,
    _padding: [u8; 5],
}

const _: () = {
    assert!(size_of::<Page1>() == 72 && std::mem::offset_of!(Page1, status) == 64);
    assert!(size_of::<Page3>() == 104 && std::mem::offset_of!(Page3, bound_ns) == 72);
    assert!(std::mem::offset_of!(Page3, period_error_shift) == 98);
};

/// The lowest version that a reader of version 3 must know, and the version.
const VERSION_3: u16 = 0x0303;

pub fn split_time(ns: i64) -> Time {
    [ns.div_euclid(NS_PER_SECOND), ns.rem_euclid(NS_PER_SECOND)]
}

impl Page1 {
    /// Times are of CLOCK_MONOTONIC_COARSE.
    pub fn new(claim: &Claim, as_of_ns: i64, void_after_ns: i64, generation: u16) -> Self {
        Self {
            header: Header::new(size_of::<Self>(), 1, generation),
            as_of: split_time(as_of_ns),
            void_after: split_time(void_after_ns),
            bound_ns: claim.bound_ns,
            max_drift_ppb: claim.max_drift_ppb,
            _reserved: 0,
            // Its readers have no word for a disruption, and a number without a word is undefined behaviour to them.
            status: if claim.status == STATUS_DISRUPTED { STATUS_UNKNOWN } else { claim.status },
            _padding: 0,
        }
    }
}

/// What a reader of layout 3 takes the time from.
#[derive(Clone, Copy, Debug, Default)]
pub struct CounterTime {
    pub counter: u64,
    /// The clock at that count, ns.
    pub ns: i64,
    /// The clock's seconds per tick, and by what share of it that may be wrong.
    pub period: f64,
    pub period_error: f64,
}

impl Page3 {
    pub fn new(claim: &Claim, time: &CounterTime, generation: u16) -> Self {
        let (period_fraction, period_shift) = scale(time.period);
        let (error_fraction, period_error_shift) = scale(time.period_error);
        Self {
            header: Header::new(size_of::<Self>(), VERSION_3, generation),
            as_of_counter: time.counter,
            as_of: split_time(time.ns),
            void_after: split_time(time.ns + claim.life_ns),
            period_fraction,
            // Rounded up, unlike the period.
            period_error_fraction: error_fraction.saturating_add(1),
            bound_ns: claim.bound_ns,
            disruption_marker: claim.marker,
            max_drift_ppb: claim.max_drift_ppb,
            status: claim.status,
            disruption_support: 0,
            period_shift,
            period_error_shift,
            _padding: [0; 5],
        }
    }
}

/// value = fraction / 2^(64 + shift), 0 … 1, with as many digits as fit.
fn scale(value: f64) -> (u64, u8) {
    const LARGEST_SHIFT: f64 = 120.0;
    if value <= 0.0 {
        return (0, 0);
    }
    let shift = (-value.log2()).floor().clamp(0.0, LARGEST_SHIFT);
    // A cast saturates.
    ((value * (64.0 + shift).exp2()) as u64, shift as u8)
}

/// A page as its file holds it.
pub trait Plain: Sized {
    fn octets(&self) -> &[u8] {
        // SAFETY: implemented by repr(C) structs of integers whose sizes leave no padding, as asserted above.
        unsafe { std::slice::from_raw_parts(std::ptr::from_ref(self).cast(), size_of::<Self>()) }
    }
}

impl Plain for Page1 {}
impl Plain for Page3 {}

#[cfg(test)]
mod tests {
    use super::*;

    /// As readers compute it.
    fn value(fraction: u64, shift: u8) -> f64 {
        fraction as f64 / 2f64.powi(64 + i32::from(shift))
    }

    #[test]
    fn periods_and_their_errors_keep_all_digits_of_a_double() {
        for period in [1.0 / 2_999_999_999.0, 1.0 / 24e6, 41.0 / 1e9, 0.999_999, 0.5, 1e-7, 3.3e-12] {
            let (fraction, shift) = scale(period);
            assert!((value(fraction, shift) / period - 1.0).abs() < 1e-15, "{period}");
        }
        assert_eq!(scale(0.0), (0, 0));
    }

    #[test]
    fn an_old_reader_is_never_shown_a_word_it_does_not_know() {
        let claim = Claim { bound_ns: 1, max_drift_ppb: 1, status: STATUS_DISRUPTED, life_ns: 0, marker: 9 };
        assert_eq!(Page1::new(&claim, 0, 0, 1).status, STATUS_UNKNOWN);
        assert_eq!(Page3::new(&claim, &CounterTime::default(), 1).status, STATUS_DISRUPTED);
    }
}
