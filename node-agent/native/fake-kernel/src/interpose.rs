//! The C functions that programs find here instead of the C library's. Each does for the fake machine's clocks and devices what the
//! kernel would, and passes everything else on.

use std::ffi::{c_char, c_int, c_uint, c_ulong, c_void};
use std::mem::offset_of;

use libc::{
    clockid_t, itimerspec, mmsghdr, mode_t, msghdr, sockaddr, sockaddr_un, socklen_t, ssize_t, stat, time_t, timespec, timeval,
    timex,
};

use crate::adjust::adjtimex as adjust_realtime;
use crate::device::{self, Device};
use crate::errno::{answer, fail};
use crate::real::{self, host_ns};
use crate::realtime::{monotonic, raw, realtime, step, SECOND};
use crate::state::{call, State};
use crate::words::Word;
use crate::{messages, phc, samples};

/// A clock of the fake machine that is not a device, ns. None: it has none of its own.
fn clock_ns(state: &State, clock: clockid_t) -> Option<i64> {
    let truth = host_ns(libc::CLOCK_REALTIME);
    match clock {
        libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE => Some(realtime(state, truth)),
        libc::CLOCK_TAI => Some(realtime(state, truth) + state.get(Word::TaiOffset) * SECOND),
        libc::CLOCK_MONOTONIC | libc::CLOCK_MONOTONIC_COARSE | libc::CLOCK_BOOTTIME => Some(monotonic(state, truth)),
        libc::CLOCK_MONOTONIC_RAW => Some(raw(state, truth)),
        _ => None,
    }
}

fn to_timespec(ns: i64) -> timespec {
    timespec { tv_sec: ns.div_euclid(SECOND), tv_nsec: ns.rem_euclid(SECOND) }
}

/// # Safety
/// As the C function; so are all of this file.
#[no_mangle]
pub unsafe extern "C" fn clock_gettime(clock: clockid_t, time: *mut timespec) -> c_int {
    if device::of_clock(clock).is_some() {
        // SAFETY: the caller's promise.
        let read = call(|state| phc::read(state).map(|ns| unsafe { time.write(to_timespec(ns)) }));
        return answer(read.unwrap_or(Err(libc::ENODEV)).map(|()| 0));
    }
    match call(|state| clock_ns(state, clock)).flatten() {
        Some(ns) => {
            // SAFETY: the caller's promise.
            unsafe { time.write(to_timespec(ns)) };
            0
        }
        // SAFETY: the caller's promise.
        None => unsafe { real::clock_gettime(clock, time) },
    }
}

#[no_mangle]
pub unsafe extern "C" fn gettimeofday(time: *mut timeval, _zone: *mut c_void) -> c_int {
    let ns = call(|state| realtime(state, host_ns(libc::CLOCK_REALTIME))).unwrap_or_else(|| host_ns(libc::CLOCK_REALTIME));
    if !time.is_null() {
        // SAFETY: the caller's promise.
        unsafe { time.write(timeval { tv_sec: ns.div_euclid(SECOND), tv_usec: ns.rem_euclid(SECOND) / 1000 }) };
    }
    0
}

#[no_mangle]
pub unsafe extern "C" fn time(place: *mut time_t) -> time_t {
    let ns = call(|state| realtime(state, host_ns(libc::CLOCK_REALTIME))).unwrap_or_else(|| host_ns(libc::CLOCK_REALTIME));
    if !place.is_null() {
        // SAFETY: the caller's promise.
        unsafe { place.write(ns.div_euclid(SECOND)) };
    }
    ns.div_euclid(SECOND)
}

#[no_mangle]
pub unsafe extern "C" fn clock_settime(clock: clockid_t, time: *const timespec) -> c_int {
    // SAFETY: the caller's promise.
    let wanted = unsafe { time.read() };
    if !(0..SECOND).contains(&wanted.tv_nsec) {
        return fail(libc::EINVAL);
    }
    let ns = wanted.tv_sec.saturating_mul(SECOND).saturating_add(wanted.tv_nsec);
    match device::of_clock(clock) {
        Some(Device::Phc) => answer(call(|state| phc::set(state, ns)).unwrap_or(Err(libc::ENODEV))),
        Some(_) => fail(libc::EACCES),
        None if clock == libc::CLOCK_REALTIME => set_realtime(ns),
        None => fail(libc::EINVAL),
    }
}

fn set_realtime(ns: i64) -> c_int {
    let set = call(|state| {
        if !state.is(Word::MayAdjust) {
            return Err(libc::EPERM);
        }
        let truth = host_ns(libc::CLOCK_REALTIME);
        state.count(Word::RealtimeAdjustments);
        step(state, truth, ns - realtime(state, truth));
        Ok(0)
    });
    answer(set.unwrap_or(Err(libc::EPERM)))
}

#[no_mangle]
pub unsafe extern "C" fn settimeofday(time: *const timeval, _zone: *const c_void) -> c_int {
    // SAFETY: the caller's promise.
    let wanted = unsafe { time.read() };
    set_realtime(wanted.tv_sec.saturating_mul(SECOND).saturating_add(wanted.tv_usec * 1000))
}

#[no_mangle]
pub unsafe extern "C" fn clock_adjtime(clock: clockid_t, change: *mut timex) -> c_int {
    // SAFETY: the caller's promise.
    let change = unsafe { &mut *change };
    let adjusted = match device::of_clock(clock) {
        Some(device) => call(|state| phc::adjust(state, change, device == Device::Phc)),
        None if clock == libc::CLOCK_REALTIME => call(|state| adjust_realtime(state, change)),
        None => Some(Err(libc::EOPNOTSUPP)),
    };
    answer(adjusted.unwrap_or(Err(libc::EPERM)))
}

#[no_mangle]
pub unsafe extern "C" fn adjtimex(change: *mut timex) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { clock_adjtime(libc::CLOCK_REALTIME, change) }
}

#[no_mangle]
pub unsafe extern "C" fn ntp_adjtime(change: *mut timex) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { clock_adjtime(libc::CLOCK_REALTIME, change) }
}

/// adjtime(3) is no more than that.
#[no_mangle]
pub unsafe extern "C" fn adjtime(delta: *const timeval, before: *mut timeval) -> c_int {
    // SAFETY: integers only, for which zero is valid.
    let mut change: timex = unsafe { std::mem::zeroed() };
    change.modes = 0xa001;
    if !delta.is_null() {
        // SAFETY: the caller's promise.
        let wanted = unsafe { delta.read() };
        (change.modes, change.offset) = (0x8001, wanted.tv_sec * 1_000_000 + wanted.tv_usec);
    }
    // SAFETY: `change` is writable.
    let result = unsafe { clock_adjtime(libc::CLOCK_REALTIME, &mut change) };
    if result >= 0 && !before.is_null() {
        let left = change.offset;
        // SAFETY: the caller's promise.
        unsafe { before.write(timeval { tv_sec: left.div_euclid(1_000_000), tv_usec: left.rem_euclid(1_000_000) }) };
    }
    result.min(0)
}

macro_rules! openers {
    ($($name:ident($($folder:ident)?)),+) => {$(
        #[no_mangle]
        pub unsafe extern "C" fn $name($($folder: c_int,)? path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
            match device::open(path, flags) {
                Some(opened) => answer(opened),
                // SAFETY: the caller's promise.
                None => unsafe { real::$name($($folder,)? path, flags, mode) },
            }
        }
    )+};
}
openers!(open(), open64(), openat(folder), openat64(folder));

#[no_mangle]
pub unsafe extern "C" fn close(fd: c_int) -> c_int {
    Device::forget(fd);
    // SAFETY: the caller's promise.
    unsafe { real::close(fd) }
}

macro_rules! describers {
    ($($name:ident),+) => {$(
        #[no_mangle]
        pub unsafe extern "C" fn $name(fd: c_int, status: *mut stat) -> c_int {
            // SAFETY: the caller's promise.
            let result = unsafe { real::$name(fd, status) };
            if result == 0 && Device::of(fd).is_some_and(Device::is_phc) {
                // SAFETY: just filled.
                unsafe {
                    (*status).st_mode = libc::S_IFCHR | 0o600;
                    (*status).st_rdev = libc::makedev(247, 0);
                }
            }
            result
        }
    )+};
}
describers!(fstat, fstat64);

/// RTC_RD_TIME and RTC_SET_TIME.
const RTC_READ: c_ulong = 0x8024_7009;
const RTC_SET: c_ulong = 0x4024_700a;

#[no_mangle]
pub unsafe extern "C" fn ioctl(fd: c_int, request: c_ulong, argument: *mut c_void) -> c_int {
    let Some(device) = Device::of(fd) else {
        // SAFETY: the caller's promise.
        return unsafe { real::ioctl(fd, request, argument) };
    };
    let control = |state: &State| match device {
        // SAFETY: the caller's promise.
        Device::Rtc => unsafe { control_rtc(state, request, argument) },
        // SAFETY: the caller's promise.
        Device::Phc | Device::PhcReadOnly => unsafe { samples::control(state, request, argument) },
    };
    answer(call(control).unwrap_or(Err(libc::ENODEV)))
}

/// # Safety
/// `argument` must be a struct rtc_time, which begins as struct tm does.
unsafe fn control_rtc(state: &State, request: c_ulong, argument: *mut c_void) -> Result<c_int, c_int> {
    // SAFETY: integers and a pointer, for which zero is valid.
    let mut parts: libc::tm = unsafe { std::mem::zeroed() };
    let fields = 9 * size_of::<c_int>();
    match request & 0xffff_ffff {
        RTC_READ => {
            let ns = state.get(Word::RtcTime) + host_ns(libc::CLOCK_REALTIME) - state.get(Word::RtcSetAt);
            let seconds = ns.div_euclid(SECOND);
            // SAFETY: both live here; the caller's promise.
            unsafe {
                libc::gmtime_r(&seconds, &mut parts);
                std::ptr::copy_nonoverlapping(std::ptr::from_ref(&parts).cast::<u8>(), argument.cast::<u8>(), fields);
            }
            Ok(0)
        }
        RTC_SET if state.is(Word::MayAdjust) => {
            // SAFETY: the caller's promise.
            let seconds = unsafe {
                std::ptr::copy_nonoverlapping(argument.cast::<u8>(), std::ptr::from_mut(&mut parts).cast::<u8>(), fields);
                libc::timegm(&mut parts)
            };
            state.set(Word::RtcTime, seconds * SECOND);
            state.set(Word::RtcSetAt, host_ns(libc::CLOCK_REALTIME));
            state.count(Word::RtcWrites);
            Ok(0)
        }
        RTC_SET => Err(libc::EACCES),
        _ => Err(libc::ENOTTY),
    }
}

#[no_mangle]
pub unsafe extern "C" fn recvmsg(fd: c_int, message: *mut msghdr, flags: c_int) -> ssize_t {
    // SAFETY: the caller's promise; recvmsg has filled the message when it succeeds.
    unsafe {
        let received = real::recvmsg(fd, message, flags);
        if received >= 0 {
            messages::shift(std::iter::once(&mut *message));
        }
        received
    }
}

#[no_mangle]
pub unsafe extern "C" fn recvmmsg(fd: c_int, all: *mut mmsghdr, count: c_uint, flags: c_int, timeout: *mut timespec) -> c_int {
    // SAFETY: the caller's promise; recvmmsg has filled as many messages as it says.
    unsafe {
        let received = real::recvmmsg(fd, all, count, flags, timeout);
        if received > 0 {
            let filled = std::slice::from_raw_parts_mut(all, received as usize);
            messages::shift(filled.iter_mut().map(|one| &mut one.msg_hdr));
        }
        received
    }
}

/// Absolute times are those of the fake CLOCK_MONOTONIC; the real timer gets what is left until then.
#[no_mangle]
pub unsafe extern "C" fn timerfd_settime(fd: c_int, flags: c_int, new: *const itimerspec, old: *mut itimerspec) -> c_int {
    // SAFETY: the caller's promise.
    let mut times = unsafe { new.read() };
    let due = times.it_value.tv_sec.saturating_mul(SECOND).saturating_add(times.it_value.tv_nsec);
    if flags == libc::TFD_TIMER_ABSTIME && due != 0 {
        if let Some(now) = call(|state| monotonic(state, host_ns(libc::CLOCK_REALTIME))) {
            times.it_value = to_timespec((due - now).max(1));
            // SAFETY: `times` lives here; the caller's promise.
            return unsafe { real::timerfd_settime(fd, 0, &times, old) };
        }
    }
    // SAFETY: the caller's promise.
    unsafe { real::timerfd_settime(fd, flags, new, old) }
}

/// A lock of a kernel clock is one of the fake kernel: each has its own.
unsafe fn renamed(address: *const sockaddr, length: socklen_t) -> Option<(sockaddr_un, socklen_t)> {
    const PREFIX: &[u8] = b"\0meridian-clock-";
    let path_at = offset_of!(sockaddr_un, sun_path);
    let length = length as usize;
    if length < path_at + PREFIX.len() || length > size_of::<sockaddr_un>() {
        return None;
    }
    // SAFETY: the caller's promise: `length` octets are there, and all of an address may be zero.
    let (octets, mut own) =
        unsafe { (std::slice::from_raw_parts(address.cast::<u8>(), length), std::mem::zeroed::<sockaddr_un>()) };
    if !octets[path_at..].starts_with(PREFIX) {
        return None;
    }
    let suffix = format!("-{}", State::find()?.identity);
    let whole: Vec<u8> = octets.iter().copied().chain(suffix.bytes()).take(size_of::<sockaddr_un>()).collect();
    // SAFETY: no more octets than the structure has.
    unsafe { std::ptr::copy_nonoverlapping(whole.as_ptr(), std::ptr::from_mut(&mut own).cast::<u8>(), whole.len()) };
    Some((own, whole.len() as socklen_t))
}

macro_rules! namers {
    ($($name:ident),+) => {$(
        #[no_mangle]
        pub unsafe extern "C" fn $name(fd: c_int, address: *const sockaddr, length: socklen_t) -> c_int {
            // SAFETY: the caller's promise.
            unsafe {
                match renamed(address, length) {
                    Some((own, length)) => real::$name(fd, std::ptr::from_ref(&own).cast(), length),
                    None => real::$name(fd, address, length),
                }
            }
        }
    )+};
}
namers!(bind, connect);
