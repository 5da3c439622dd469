//! adjtimex of CLOCK_REALTIME: do_adjtimex of timekeeping.c and what it calls in ntp.c.

use libc::{c_int, c_uint, timex};

use crate::real::host_ns;
use crate::realtime::{monotonic, oscillator, realtime, set_rate, step, ERROR_LIMIT, SECOND};
use crate::state::State;
use crate::words::Word;

const ADJ_OFFSET: c_uint = 0x0001;
const ADJ_FREQUENCY: c_uint = 0x0002;
const ADJ_MAXERROR: c_uint = 0x0004;
const ADJ_ESTERROR: c_uint = 0x0008;
const ADJ_STATUS: c_uint = 0x0010;
const ADJ_TIMECONST: c_uint = 0x0020;
const ADJ_TAI: c_uint = 0x0080;
pub const ADJ_SETOFFSET: c_uint = 0x0100;
const ADJ_MICRO: c_uint = 0x1000;
pub const ADJ_NANO: c_uint = 0x2000;
const ADJ_TICK: c_uint = 0x4000;
/// With ADJ_OFFSET: the old adjtime; with ADJ_NANO's bit as well it only reads.
const ADJ_ADJTIME: c_uint = 0x8000;
const ADJ_OFFSET_READONLY: c_uint = 0x2000;
const READ_ONLY_STATUS: c_int = 0xff00;
/// 500 ppm, 2^-16 ppm.
const MAXIMUM_FREQUENCY: i64 = 500 << 16;
/// MAXPHASE, ns.
const MAXIMUM_OFFSET: i64 = 500_000_000;
const MAXIMUM_TAI: i64 = 100_000;
const TIME_ERROR: c_int = 5;

pub fn adjtimex(state: &State, change: &mut timex) -> Result<c_int, c_int> {
    validate(state, change)?;
    let truth = host_ns(libc::CLOCK_REALTIME);
    let modes = change.modes;
    let asks_only = modes & !ADJ_OFFSET_READONLY == 0
        || modes == ADJ_ADJTIME | ADJ_OFFSET | ADJ_OFFSET_READONLY
        || (modes == ADJ_TAI && change.constant < 0);
    if !asks_only {
        state.count(Word::RealtimeAdjustments);
    }
    if modes & ADJ_SETOFFSET != 0 {
        let rest = if modes & ADJ_NANO != 0 { change.time.tv_usec } else { change.time.tv_usec * 1000 };
        let by = change.time.tv_sec.checked_mul(SECOND).and_then(|ns| ns.checked_add(rest)).ok_or(libc::EINVAL)?;
        let to = realtime(state, truth).checked_add(by).ok_or(libc::EINVAL)?;
        if to < monotonic(state, truth) {
            return Err(libc::EINVAL);
        }
        step(state, truth, by);
    }
    let status = |state: &State| state.get(Word::Status) as c_int;
    if modes & ADJ_ADJTIME != 0 {
        let before = state.get(Word::TimeAdjust);
        if modes & ADJ_OFFSET_READONLY == 0 {
            state.set(Word::TimeAdjust, change.offset);
            set_rate(state, oscillator(state, truth));
        }
        change.offset = before;
    } else {
        process(state, change, oscillator(state, truth));
        let offset = state.get(Word::TimeOffset);
        change.offset = if status(state) & libc::STA_NANO != 0 { offset } else { offset / 1000 };
    }
    fill(state, change, truth);
    Ok(match status(state) {
        now if now & (libc::STA_UNSYNC | libc::STA_CLOCKERR) != 0 => TIME_ERROR,
        now if now & libc::STA_INS != 0 => 1,
        now if now & libc::STA_DEL != 0 => 2,
        _ => 0,
    })
}

fn validate(state: &State, change: &timex) -> Result<(), c_int> {
    let (modes, may) = (change.modes, state.is(Word::MayAdjust));
    if modes & ADJ_ADJTIME != 0 {
        if modes & ADJ_OFFSET == 0 {
            return Err(libc::EINVAL);
        }
        return if modes & ADJ_OFFSET_READONLY == 0 && !may { Err(libc::EPERM) } else { Ok(()) };
    }
    if modes != 0 && !may {
        return Err(libc::EPERM);
    }
    if modes & ADJ_TICK != 0 && !(9_000..=11_000).contains(&change.tick) {
        return Err(libc::EINVAL);
    }
    let most = if modes & ADJ_NANO != 0 { SECOND } else { 1_000_000 };
    if modes & ADJ_SETOFFSET != 0 && !(0..most).contains(&change.time.tv_usec) {
        return Err(libc::EINVAL);
    }
    Ok(())
}

fn process(state: &State, change: &timex, oscillator: i64) {
    let modes = change.modes;
    let mut status = state.get(Word::Status) as c_int;
    if modes & ADJ_STATUS != 0 {
        status = status & READ_ONLY_STATUS | change.status & !READ_ONLY_STATUS;
    }
    if modes & ADJ_NANO != 0 {
        status |= libc::STA_NANO;
    }
    if modes & ADJ_MICRO != 0 {
        status &= !libc::STA_NANO;
    }
    state.set(Word::Status, i64::from(status));
    let put = |mode, word, value: i64, low, high| {
        if modes & mode != 0 {
            state.set(word, value.clamp(low, high));
        }
    };
    put(ADJ_FREQUENCY, Word::Frequency, change.freq, -MAXIMUM_FREQUENCY, MAXIMUM_FREQUENCY);
    put(ADJ_MAXERROR, Word::MaximumError, change.maxerror, 0, ERROR_LIMIT);
    put(ADJ_ESTERROR, Word::EstimatedError, change.esterror, 0, ERROR_LIMIT);
    put(ADJ_TIMECONST, Word::TimeConstant, change.constant, 0, 10);
    if (0..=MAXIMUM_TAI).contains(&change.constant) {
        put(ADJ_TAI, Word::TaiOffset, change.constant, 0, MAXIMUM_TAI);
    }
    if status & libc::STA_PLL != 0 {
        let unit = if status & libc::STA_NANO != 0 { 1 } else { 1000 };
        put(ADJ_OFFSET, Word::TimeOffset, change.offset.saturating_mul(unit), -MAXIMUM_OFFSET, MAXIMUM_OFFSET);
    }
    put(ADJ_TICK, Word::Tick, change.tick, 9_000, 11_000);
    if modes & (ADJ_FREQUENCY | ADJ_TICK) != 0 {
        set_rate(state, oscillator);
    }
}

fn fill(state: &State, change: &mut timex, truth: i64) {
    let now = realtime(state, truth);
    let nano = state.get(Word::Status) as c_int & libc::STA_NANO != 0;
    change.freq = state.get(Word::Frequency);
    change.maxerror = state.get(Word::MaximumError);
    change.esterror = state.get(Word::EstimatedError);
    change.status = state.get(Word::Status) as c_int;
    change.constant = state.get(Word::TimeConstant);
    change.precision = 1;
    change.tolerance = MAXIMUM_FREQUENCY;
    change.tick = state.get(Word::Tick);
    change.tai = state.get(Word::TaiOffset) as c_int;
    change.time.tv_sec = now.div_euclid(SECOND);
    change.time.tv_usec = now.rem_euclid(SECOND) / if nano { 1 } else { 1000 };
}
