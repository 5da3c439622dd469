//! adjtimex: reads how a kernel clock is steered, and steers it. The only file that adjusts clocks of the host; `kernel_status.rs`
//! goes through it as well. Works on CLOCK_REALTIME and, without ticks, on PTP hardware clocks.
//!
//! A frequency within ±500 ppm is ADJ_FREQUENCY alone. CLOCK_REALTIME can be told more through the length of its tick: 10 000 µs ± 10 %
//! in whole µs, that is in steps of 100 ppm, with the rest in ADJ_FREQUENCY. Both go in one call, so there is no moment in between.

use libc::{c_int, c_uint, clockid_t, timex};

use crate::errors::{check, last_errno, Failure, Result};
use crate::time::NS_PER_SECOND;

pub const ADJ_OFFSET: c_uint = 0x0001;
const ADJ_FREQUENCY: c_uint = 0x0002;
pub const ADJ_MAXERROR: c_uint = 0x0004;
pub const ADJ_ESTERROR: c_uint = 0x0008;
pub const ADJ_STATUS: c_uint = 0x0010;
pub const ADJ_TAI: c_uint = 0x0080;
const ADJ_SETOFFSET: c_uint = 0x0100;
const ADJ_NANO: c_uint = 0x2000;
const ADJ_TICK: c_uint = 0x4000;
const ADJ_OFFSET_SINGLESHOT: c_uint = 0x8001;
const ADJ_OFFSET_SS_READ: c_uint = 0xa001;

/// `freq` counts 2^-16 ppm.
const SCALED_PER_PPB: f64 = 65.536;
/// What ADJ_FREQUENCY takes of CLOCK_REALTIME; the kernel cuts more off without a word.
const FREQUENCY_LIMIT_PPB: f64 = 500_000.0;
/// µs: USER_HZ is 100 wherever this runs.
const NOMINAL_TICK: i64 = 10_000;
const PPB_PER_TICK: f64 = 100_000.0;
/// A signal may interrupt a driver that sleeps.
const INTERRUPTED_ATTEMPTS: u32 = 8;

pub fn empty() -> timex {
    // SAFETY: integers only, for which zero is valid.
    unsafe { std::mem::zeroed() }
}

/// clock_adjtime, again when interrupted.
pub fn adjust(clock: clockid_t, timex: &mut timex, detail: &str) -> Result<()> {
    for _ in 1..INTERRUPTED_ATTEMPTS {
        // SAFETY: `timex` is writable and of the size that the kernel knows.
        let state = unsafe { libc::clock_adjtime(clock, timex) };
        // A state of the clock (TIME_OK … TIME_ERROR) is no failure.
        if state >= 0 || last_errno() != libc::EINTR {
            return check(state, "clock_adjtime", detail).map(drop);
        }
    }
    Err(Failure::system(libc::EINTR, "clock_adjtime", detail))
}

/// How the clock is steered now. CLOCK_REALTIME lets everybody read that.
pub fn read(clock: clockid_t, detail: &str) -> Result<timex> {
    let mut now = empty();
    adjust(clock, &mut now, detail).map(|()| now)
}

/// Frequency of CLOCK_REALTIME against CLOCK_MONOTONIC_RAW that a read timex says, ppb.
pub fn realtime_ppb(now: &timex) -> f64 {
    now.freq as f64 / SCALED_PER_PPB + (now.tick - NOMINAL_TICK) as f64 * PPB_PER_TICK
}

/// Frequency of a PTP hardware clock, ppb: what its driver was last told, which most of them round without saying so.
pub fn phc_ppb(now: &timex) -> f64 {
    now.freq as f64 / SCALED_PER_PPB
}

/// `ppb` within ±1e8, at once.
pub fn set_realtime_ppb(ppb: f64, detail: &str) -> Result<()> {
    let ticks = if ppb.abs() <= FREQUENCY_LIMIT_PPB { 0.0 } else { (ppb / PPB_PER_TICK).round() };
    let mut change = empty();
    change.modes = ADJ_FREQUENCY | ADJ_TICK;
    change.tick = NOMINAL_TICK + ticks as i64;
    change.freq = ((ppb - ticks * PPB_PER_TICK) * SCALED_PER_PPB).round() as i64;
    adjust(libc::CLOCK_REALTIME, &mut change, detail)
}

pub fn set_phc_ppb(clock: clockid_t, ppb: f64, detail: &str) -> Result<()> {
    let mut change = empty();
    change.modes = ADJ_FREQUENCY;
    change.freq = (ppb * SCALED_PER_PPB).round() as i64;
    adjust(clock, &mut change, detail)
}

/// Adds `ns` to the clock. For CLOCK_REALTIME the kernel also gives up what it still had to slew, and calls it unsynchronized.
pub fn step(clock: clockid_t, ns: i64, detail: &str) -> Result<()> {
    let mut change = empty();
    change.modes = ADJ_SETOFFSET | ADJ_NANO;
    // With ADJ_NANO tv_usec holds ns, and it must not be negative: −1 ns is −1 s + 999 999 999 ns.
    change.time.tv_sec = ns.div_euclid(NS_PER_SECOND);
    change.time.tv_usec = ns.rem_euclid(NS_PER_SECOND);
    adjust(clock, &mut change, detail)
}

/// Fails with EPERM where CLOCK_REALTIME must not be adjusted; changes nothing in any case: the kernel looks at the right to adjust
/// first, and then passes over a TAI offset that cannot be.
pub fn demand_right(detail: &str) -> Result<()> {
    let mut nothing = empty();
    nothing.modes = ADJ_TAI;
    nothing.constant = -1;
    adjust(libc::CLOCK_REALTIME, &mut nothing, detail)
}

/// Ends what others left running in CLOCK_REALTIME: the kernel's own loops (PLL, FLL, PPS), and the rest of a slew by adjtime(3). What
/// the kernel has begun to slew in the running second it still ends.
pub fn end_other_steering(detail: &str) -> Result<()> {
    let mut left = empty();
    left.modes = ADJ_OFFSET_SS_READ;
    adjust(libc::CLOCK_REALTIME, &mut left, detail)?;
    if left.offset != 0 {
        let mut none = empty();
        none.modes = ADJ_OFFSET_SINGLESHOT;
        adjust(libc::CLOCK_REALTIME, &mut none, detail)?;
    }
    let now = read(libc::CLOCK_REALTIME, detail)?;
    let loops = libc::STA_PLL | libc::STA_FLL | libc::STA_PPSFREQ | libc::STA_PPSTIME;
    if now.offset == 0 && now.status & loops == 0 {
        return Ok(());
    }
    // Its remaining offset can only be taken from a loop that runs.
    set_status(now.status & !loops | libc::STA_PLL, ADJ_OFFSET, detail)?;
    set_status(now.status & !loops, 0, detail)
}

fn set_status(status: c_int, more: c_uint, detail: &str) -> Result<()> {
    let mut change = empty();
    change.modes = ADJ_STATUS | more;
    change.status = status;
    adjust(libc::CLOCK_REALTIME, &mut change, detail)
}
