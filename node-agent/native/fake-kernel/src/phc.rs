//! /dev/ptp0: a clock with an oscillator of its own, as posix-clock.c and ptp_clock.c offer it.

use libc::{c_int, timex};
use std::time::Duration;

use crate::adjust::{ADJ_NANO, ADJ_SETOFFSET};
use crate::real::host_ns;
use crate::realtime::SECOND;
use crate::state::State;
use crate::words::Word;

const ADJ_FREQUENCY: u32 = 0x0002;

fn oscillator(state: &State, truth: i64) -> i64 {
    let since = truth - state.get(Word::TruthBase);
    since + (since as f64 * state.ppb(Word::PhcOscillatorPpb) * 1e-9).round() as i64
}

/// Its time at a true time, ns.
pub fn time(state: &State, truth: i64) -> i64 {
    let since = oscillator(state, truth) - state.get(Word::PhcAnchorOscillator);
    state.get(Word::PhcAnchorTime) + since + (since as f64 * state.ppb(Word::PhcPpb) * 1e-9).round() as i64
}

fn anchor(state: &State, truth: i64, time: i64) {
    state.set(Word::PhcAnchorOscillator, oscillator(state, truth));
    state.set(Word::PhcAnchorTime, time);
}

pub fn start(state: &State, truth: i64) {
    anchor(state, truth, truth + state.get(Word::PhcOffset));
}

pub fn advance(state: &State, truth: i64) {
    if state.take(Word::PhcResetRequest) != 0 {
        anchor(state, truth, 0);
    }
    if state.take(Word::PhcFrequencyRequest) != 0 {
        dial(state, truth, state.get(Word::PhcFrequencyRequested));
    }
    state.set(Word::PhcTrueError, time(state, truth) - truth);
}

/// What every call meets first.
pub fn demand_present(state: &State) -> Result<(), c_int> {
    if state.is(Word::PhcGone) {
        return Err(libc::ENODEV);
    }
    if state.take_one(Word::PhcInterrupts) {
        return Err(libc::EINTR);
    }
    Ok(())
}

pub fn read(state: &State) -> Result<i64, c_int> {
    demand_present(state)?;
    state.count(Word::PhcReads);
    let delay = state.get(Word::PhcReadDelay);
    if delay > 0 {
        std::thread::sleep(Duration::from_nanos(delay as u64));
    }
    Ok(time(state, host_ns(libc::CLOCK_REALTIME)))
}

pub fn set(state: &State, ns: i64) -> Result<c_int, c_int> {
    demand_present(state)?;
    state.count(Word::PhcAdjustments);
    anchor(state, host_ns(libc::CLOCK_REALTIME), ns);
    Ok(0)
}

pub fn adjust(state: &State, change: &mut timex, writable: bool) -> Result<c_int, c_int> {
    if !writable {
        return Err(libc::EACCES);
    }
    demand_present(state)?;
    let truth = host_ns(libc::CLOCK_REALTIME);
    if change.modes == 0 {
        change.freq = state.get(Word::PhcDialed);
        return Ok(0);
    }
    if state.take_one(Word::PhcBusyAdjustments) {
        return Err(libc::EBUSY);
    }
    state.count(Word::PhcAdjustments);
    if change.modes & ADJ_SETOFFSET != 0 {
        let rest = if change.modes & ADJ_NANO != 0 { change.time.tv_usec } else { change.time.tv_usec * 1000 };
        if !(0..SECOND).contains(&rest) {
            return Err(libc::EINVAL);
        }
        anchor(state, truth, time(state, truth) + change.time.tv_sec * SECOND + rest);
        return Ok(0);
    }
    if change.modes & ADJ_FREQUENCY == 0 {
        return Err(libc::EOPNOTSUPP);
    }
    // scaled_ppm_to_ppb of ptp_clock.c.
    let ppb = ((1 + change.freq) * 125) >> 13;
    if ppb.abs() > state.get(Word::PhcMaxAdjustment) {
        return Err(libc::ERANGE);
    }
    dial(state, truth, change.freq);
    Ok(0)
}

fn dial(state: &State, truth: i64, scaled: i64) {
    anchor(state, truth, time(state, truth));
    let (asked, quantum) = (scaled as f64 / 65.536, state.ppb(Word::PhcQuantumPpb));
    let ppb = if quantum > 0.0 { (asked / quantum).round() * quantum } else { asked };
    state.set_ppb(Word::PhcPpb, ppb);
    state.set(Word::PhcDialed, if state.is(Word::PhcTellsRounded) { (ppb * 65.536).round() as i64 } else { scaled });
}
