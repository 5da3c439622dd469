//! CLOCK_REALTIME, CLOCK_MONOTONIC and CLOCK_MONOTONIC_RAW of the fake machine. Frequency, tick and what is slewed make its rate;
//! once a second the kernel looks after the rest (second_overflow of ntp.c).

use libc::c_int;
use std::sync::atomic::Ordering::Relaxed;

use crate::phc;
use crate::real::host_ns;
use crate::state::State;
use crate::words::{Word, RING, RING_AT};

pub const SECOND: i64 = 1_000_000_000;
/// NTP_PHASE_LIMIT, µs.
pub const ERROR_LIMIT: i64 = 16_000_000;
/// MAXFREQ: what maxerror grows by in a second, and what adjtime slews in one, µs.
const PER_SECOND: i64 = 500;
const SHIFT_PLL: i64 = 2;
/// Seconds that are caught up with one by one; a machine that nobody asked for longer has only grown uncertain.
const MOST_SECONDS: i64 = 3600;
/// 11-minute mode, ns.
const RTC_INTERVAL: i64 = 659 * SECOND;
pub const NOMINAL_TICK: i64 = 10_000;

/// The oscillator at a true time, ns since the start.
pub fn oscillator(state: &State, truth: i64) -> i64 {
    let since = truth - state.get(Word::TruthBase);
    since + (since as f64 * state.ppb(Word::OscillatorPpb) * 1e-9).round() as i64
}

struct Change {
    oscillator: i64,
    clock: i64,
    ppb: f64,
}

fn change(state: &State, index: i64) -> Change {
    let at = RING_AT + 3 * (index as usize % RING);
    let word = |offset| state.at(at + offset).load(Relaxed);
    Change { oscillator: word(0), clock: word(1), ppb: f64::from_bits(word(2) as u64) }
}

fn push(state: &State, change: Change) {
    let count = state.get(Word::RingCount);
    let at = RING_AT + 3 * (count as usize % RING);
    let values = [change.oscillator, change.clock, change.ppb.to_bits() as i64];
    values.into_iter().enumerate().for_each(|(offset, value)| state.at(at + offset).store(value, Relaxed));
    state.set(Word::RingCount, count + 1);
}

/// CLOCK_REALTIME at a true time, ns: with what held then.
pub fn realtime(state: &State, truth: i64) -> i64 {
    at_oscillator(state, oscillator(state, truth))
}

fn at_oscillator(state: &State, oscillator: i64) -> i64 {
    let count = state.get(Word::RingCount);
    let oldest = (count - RING as i64).max(0);
    let mut found = change(state, oldest);
    for index in (oldest..count).rev() {
        let one = change(state, index);
        if one.oscillator <= oscillator {
            found = one;
            break;
        }
    }
    let since = oscillator - found.oscillator;
    found.clock + since + (since as f64 * found.ppb * 1e-9).round() as i64
}

pub fn monotonic(state: &State, truth: i64) -> i64 {
    let start = state.get(Word::TruthBase) + state.get(Word::RealtimeOffset) + state.get(Word::Stepped);
    realtime(state, truth) - start + state.get(Word::MonotonicBase)
}

pub fn raw(state: &State, truth: i64) -> i64 {
    state.get(Word::RawBase) + oscillator(state, truth)
}

/// Frequency and tick have changed, at this oscillator time.
pub fn set_rate(state: &State, oscillator: i64) {
    let ppb = state.get(Word::Frequency) as f64 / 65.536
        + (state.get(Word::Tick) - NOMINAL_TICK) as f64 * 1e5
        + state.ppb(Word::SlewPpb);
    push(state, Change { oscillator, clock: at_oscillator(state, oscillator), ppb });
}

/// Adds to the clock, as clock_settime and ADJ_SETOFFSET do: what was to be slewed is forgotten, and the clock unsynchronized.
pub fn step(state: &State, truth: i64, ns: i64) {
    let oscillator = oscillator(state, truth);
    let clock = at_oscillator(state, oscillator) + ns;
    state.set(Word::Stepped, state.get(Word::Stepped) + ns);
    for word in [Word::TimeAdjust, Word::TimeOffset] {
        state.set(word, 0);
    }
    state.set_ppb(Word::SlewPpb, 0.0);
    state.set(Word::Status, state.get(Word::Status) | i64::from(libc::STA_UNSYNC));
    state.set(Word::MaximumError, ERROR_LIMIT);
    state.set(Word::EstimatedError, ERROR_LIMIT);
    push(state, Change { oscillator, clock, ppb: 0.0 });
    set_rate(state, oscillator);
    state.set(Word::SecondAt, next_second(clock));
}

fn next_second(clock: i64) -> i64 {
    (clock.div_euclid(SECOND) + 1) * SECOND
}

/// Before every call: what time and other programs have done meanwhile.
pub fn advance(state: &State) {
    let truth = host_ns(libc::CLOCK_REALTIME);
    if !state.is(Word::Started) {
        start(state, truth);
    }
    let clock = realtime(state, truth);
    let due = (clock - state.get(Word::SecondAt)).div_euclid(SECOND) + 1;
    for _ in 0..due.min(MOST_SECONDS) {
        overflow(state);
    }
    state.set(Word::SecondAt, next_second(clock));
    let by = state.take(Word::RealtimeStepRequest);
    if by != 0 {
        step(state, truth, by);
    }
    if state.take(Word::RealtimeFrequencyRequest) != 0 {
        state.set(Word::Frequency, state.get(Word::RealtimeFrequencyRequested));
        set_rate(state, oscillator(state, truth));
    }
    phc::advance(state, truth);
    state.set(Word::TrueError, realtime(state, truth) - truth);
    state.set(Word::TruthAt, truth);
}

fn start(state: &State, truth: i64) {
    state.set(Word::TruthBase, truth);
    state.set(Word::MonotonicBase, host_ns(libc::CLOCK_MONOTONIC));
    state.set(Word::RawBase, host_ns(libc::CLOCK_MONOTONIC_RAW));
    let clock = truth + state.get(Word::RealtimeOffset);
    push(state, Change { oscillator: 0, clock, ppb: 0.0 });
    set_rate(state, 0);
    state.set(Word::SecondAt, next_second(clock));
    phc::start(state, truth);
    state.set(Word::Started, 1);
}

/// A second of CLOCK_REALTIME has ended.
fn overflow(state: &State) {
    let at = state.get(Word::SecondAt);
    let error = state.get(Word::MaximumError) + PER_SECOND;
    state.set(Word::MaximumError, error.min(ERROR_LIMIT));
    if error > ERROR_LIMIT {
        state.set(Word::Status, state.get(Word::Status) | i64::from(libc::STA_UNSYNC));
    }
    let adjust = state.get(Word::TimeAdjust).clamp(-PER_SECOND, PER_SECOND);
    state.set(Word::TimeAdjust, state.get(Word::TimeAdjust) - adjust);
    let offset = state.get(Word::TimeOffset);
    let phase = offset >> (SHIFT_PLL + state.get(Word::TimeConstant));
    state.set(Word::TimeOffset, offset - phase);
    let slew = (adjust * 1000 + phase) as f64;
    if slew != state.ppb(Word::SlewPpb) {
        state.set_ppb(Word::SlewPpb, slew);
        set_rate(state, oscillator_when(state, at));
    }
    if state.get(Word::Status) as c_int & libc::STA_UNSYNC == 0 && at - state.get(Word::RtcTime) > RTC_INTERVAL {
        state.set(Word::RtcTime, at);
        state.set(Word::RtcSetAt, host_ns(libc::CLOCK_REALTIME));
        state.count(Word::RtcWrites);
    }
    state.set(Word::SecondAt, at + SECOND);
}

/// The oscillator when the clock showed `clock`, by what holds now.
fn oscillator_when(state: &State, clock: i64) -> i64 {
    let newest = change(state, state.get(Word::RingCount) - 1);
    let since = clock - newest.clock;
    newest.oscillator + (since - (since as f64 * newest.ppb * 1e-9 / (1.0 + newest.ppb * 1e-9)).round() as i64).max(0)
}
