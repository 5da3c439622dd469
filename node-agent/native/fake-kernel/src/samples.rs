//! The ioctls of /dev/ptp0 (linux/ptp_clock.h): capabilities, and comparisons with CLOCK_REALTIME. How long a sample takes before and
//! after the device is read stands in the state file, so that a test knows which one is the narrowest.

use std::ffi::c_void;
use std::sync::atomic::Ordering::Relaxed;

use libc::{c_int, c_ulong};

use crate::phc;
use crate::real::host_ns;
use crate::realtime::{raw, realtime, SECOND};
use crate::state::State;
use crate::words::{Word, SAMPLES, SAMPLES_AT};

#[repr(C)]
#[derive(Clone, Copy)]
struct PtpTime {
    seconds: i64,
    nanoseconds: u32,
    reserved: u32,
}

#[repr(C)]
struct Offset {
    count: u32,
    reserved: [u32; 3],
    times: [PtpTime; 2 * SAMPLES + 1],
}

#[repr(C)]
struct Extended {
    count: u32,
    reserved: [u32; 3],
    times: [[PtpTime; 3]; SAMPLES],
}

#[repr(C)]
struct Precise {
    device: PtpTime,
    realtime: PtpTime,
    raw: PtpTime,
    reserved: [u32; 4],
}

// As a C program with linux/ptp_clock.h prints them; those before 5.4 are 9 less.
const CAPABILITIES: c_ulong = 0x8050_3d0a;
const OFFSET: c_ulong = 0x4340_3d0e;
const PRECISE: c_ulong = 0xc040_3d11;
const EXTENDED: c_ulong = 0xc4c0_3d12;
const _: () = assert!(size_of::<Offset>() == 0x340 && size_of::<Extended>() == 0x4c0 && size_of::<Precise>() == 0x40);

fn to_ptp(ns: i64) -> PtpTime {
    PtpTime { seconds: ns.div_euclid(SECOND), nanoseconds: ns.rem_euclid(SECOND) as u32, reserved: 0 }
}

/// # Safety
/// `argument` must be what the request wants.
pub unsafe fn control(state: &State, request: c_ulong, argument: *mut c_void) -> Result<c_int, c_int> {
    phc::demand_present(state)?;
    let request = request & 0xffff_ffff;
    let is_new = request & 0xff >= 10;
    if is_new && state.is(Word::PhcIsOld) {
        return Err(libc::ENOTTY);
    }
    match if is_new { request } else { request + 9 } {
        CAPABILITIES => {
            let mut capabilities = [0 as c_int; 20];
            capabilities[0] = state.get(Word::PhcMaxAdjustment) as c_int;
            capabilities[6] = c_int::from(state.is(Word::PhcHasPrecise));
            // SAFETY: the caller's promise: room for 80 octets.
            unsafe { argument.cast::<[c_int; 20]>().write(capabilities) };
            Ok(0)
        }
        OFFSET => {
            demand(state, Word::PhcHasAlternating, Word::AlternatingSamples)?;
            // SAFETY: the caller's promise.
            take_alternating(state, unsafe { &mut *argument.cast() })
        }
        EXTENDED => {
            demand(state, Word::PhcHasExtended, Word::ExtendedSamples)?;
            // SAFETY: the caller's promise.
            take_extended(state, unsafe { &mut *argument.cast() })
        }
        PRECISE => {
            demand(state, Word::PhcHasPrecise, Word::PreciseSamples)?;
            // SAFETY: the caller's promise.
            take_precise(state, unsafe { &mut *argument.cast() })
        }
        _ => Err(libc::ENOTTY),
    }
}

fn demand(state: &State, has: Word, counter: Word) -> Result<(), c_int> {
    if !state.is(has) {
        return Err(libc::EOPNOTSUPP);
    }
    state.count(counter);
    if state.take_one(Word::PhcBusySamples) {
        return Err(libc::EBUSY);
    }
    Ok(())
}

fn demand_count(count: u32, reserved: [u32; 3]) -> Result<usize, c_int> {
    if count as usize > SAMPLES || reserved != [0; 3] {
        return Err(libc::EINVAL);
    }
    Ok(count as usize)
}

fn spans(state: &State, index: usize) -> (i64, i64) {
    let word = |offset| state.at(SAMPLES_AT + 2 * index + offset).load(Relaxed);
    (word(0), word(1))
}

fn take_extended(state: &State, out: &mut Extended) -> Result<c_int, c_int> {
    let count = demand_count(out.count, out.reserved)?;
    let mut truth = host_ns(libc::CLOCK_REALTIME) - total(state, count);
    for index in 0..count {
        let (before, after) = spans(state, index);
        let device = truth + before;
        let end = device + after;
        let three = [realtime(state, truth), phc::time(state, device), realtime(state, end)];
        out.times[index] = three.map(to_ptp);
        truth = end;
    }
    Ok(0)
}

fn take_alternating(state: &State, out: &mut Offset) -> Result<c_int, c_int> {
    let count = demand_count(out.count, out.reserved)?;
    let mut truth = host_ns(libc::CLOCK_REALTIME) - total(state, count);
    for index in 0..count {
        let (before, after) = spans(state, index);
        out.times[2 * index] = to_ptp(realtime(state, truth));
        out.times[2 * index + 1] = to_ptp(phc::time(state, truth + before));
        truth += before + after;
    }
    out.times[2 * count] = to_ptp(realtime(state, truth));
    Ok(0)
}

fn total(state: &State, count: usize) -> i64 {
    (0..count).map(|index| spans(state, index)).map(|(before, after)| before + after).sum()
}

fn take_precise(state: &State, out: &mut Precise) -> Result<c_int, c_int> {
    let truth = host_ns(libc::CLOCK_REALTIME);
    out.device = to_ptp(phc::time(state, truth));
    out.realtime = to_ptp(realtime(state, truth));
    out.raw = to_ptp(raw(state, truth));
    Ok(0)
}
