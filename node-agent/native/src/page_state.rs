//! What a page says, as JavaScript states it and as ClockBound's readers are told.

use std::ffi::CStr;

use crate::errors::Result;
use crate::js::{read_number, within, Fields};

/// Stands for no bound at all in ClockBound's integer: 31 years. Its readers add it to the time, so it must leave room.
const NO_BOUND_NS: f64 = 1e18;
const LONGEST_VALIDITY_SECONDS: f64 = 1e8;
/// From here on ClockBound's readers call a page malformed.
const DRIFT_LIMIT_PPB: f64 = 1e9;
/// What a reader's own truncations may take away from a bound, ns.
const READERS_ROUNDING_NS: f64 = 1.0;

/// ClockBound's words: readers must not use a page that is either.
pub const STATUS_UNKNOWN: i32 = 0;
pub const STATUS_DISRUPTED: i32 = 3;

#[derive(Clone, Debug)]
pub struct PageState {
    pub guaranteed_ns: f64,
    pub guaranteed_growth_ppb: f64,
    pub calibrated_ns: f64,
    pub calibrated_growth_ppb: f64,
    pub void_after_ns: i64,
    pub status: i32,
    pub era: u64,
}

/// A page's claim in ClockBound's terms: a half-width around the clock that grows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Claim {
    pub bound_ns: i64,
    pub max_drift_ppb: u32,
    pub status: i32,
    /// 0: void.
    pub life_ns: i64,
    pub marker: u64,
}

impl PageState {
    pub fn read(state: &Fields) -> Result<Self> {
        let growth = |name| state.within(name, 0.0..=f64::from(u32::MAX));
        Ok(Self {
            guaranteed_ns: bound(state, c"guaranteedNs")?,
            guaranteed_growth_ppb: growth(c"guaranteedGrowthPpb")?,
            calibrated_ns: bound(state, c"calibratedNs")?,
            calibrated_growth_ppb: growth(c"calibratedGrowthPpb")?,
            void_after_ns: (state.within(c"voidAfterSeconds", 0.0..=LONGEST_VALIDITY_SECONDS)? * 1e9) as i64,
            status: state.integer(c"status", 0.0..=3.0)? as i32,
            era: state.integer(c"era", 0.0..=9e15)? as u64,
        })
    }

    pub fn void(status: i32, era: u64) -> Self {
        Self {
            guaranteed_ns: f64::NAN,
            guaranteed_growth_ppb: 0.0,
            calibrated_ns: f64::NAN,
            calibrated_growth_ppb: 0.0,
            void_after_ns: 0,
            status,
            era,
        }
    }

    /// With `more_ns` and `more_ppb` on top. Rounded up: a bound may be loose, never short.
    pub fn claim(&self, more_ns: f64, more_ppb: f64) -> Claim {
        let drift_ppb = (self.guaranteed_growth_ppb + more_ppb).ceil();
        let bound_ns = (self.guaranteed_ns + more_ns + READERS_ROUNDING_NS).ceil();
        // A bound that is NaN is void as well.
        if bound_ns <= NO_BOUND_NS && drift_ppb < DRIFT_LIMIT_PPB {
            return Claim {
                bound_ns: bound_ns as i64,
                max_drift_ppb: drift_ppb as u32,
                status: self.status,
                life_ns: self.void_after_ns,
                marker: self.era,
            };
        }
        let status = if self.status == STATUS_DISRUPTED { STATUS_DISRUPTED } else { STATUS_UNKNOWN };
        Claim { bound_ns: NO_BOUND_NS as i64, max_drift_ppb: 0, status, life_ns: 0, marker: self.era }
    }
}

/// A bound in ns, or NaN for void: the one number that may be NaN.
fn bound(state: &Fields, name: &CStr) -> Result<f64> {
    let mut number = f64::NEG_INFINITY;
    let value = state.value(name)?;
    // SAFETY: env and value belong to the running callback; a value that is no number leaves −∞.
    unsafe { napi::sys::napi_get_value_double(state.env(), value, &mut number) };
    if number.is_nan() {
        return Ok(number);
    }
    let number = read_number(state.env(), value, &name.to_string_lossy())?;
    within(number, &name.to_string_lossy(), 0.0..=NO_BOUND_NS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> PageState {
        PageState {
            guaranteed_ns: 1_500.2,
            guaranteed_growth_ppb: 250.5,
            void_after_ns: 8,
            status: 1,
            ..PageState::void(STATUS_UNKNOWN, 3)
        }
    }

    #[test]
    fn a_reader_that_truncates_still_gets_the_whole_bound() {
        let claim = state().claim(0.0, 0.0);
        for age_ns in (0..5_000_000_000i64).step_by(1_234_567) {
            let read = claim.bound_ns + (age_ns as f64 * 1e-9 * f64::from(claim.max_drift_ppb)) as i64;
            assert!(read as f64 >= 1_500.2 + 250.5e-9 * age_ns as f64);
        }
    }

    #[test]
    fn what_no_reader_could_take_is_void() {
        for claim in [state().claim(2e18, 0.0), state().claim(0.0, 1e9), state().claim(f64::NAN, 0.0)] {
            assert_eq!((claim.status, claim.life_ns, claim.bound_ns), (STATUS_UNKNOWN, 0, 1_000_000_000_000_000_000));
        }
        assert_eq!(PageState::void(STATUS_DISRUPTED, 1).claim(0.0, 0.0).status, STATUS_DISRUPTED);
        assert_eq!(PageState::void(1, 1).claim(0.0, 0.0).status, STATUS_UNKNOWN);
    }
}
