//! Waiting for a word in shared memory to change, across processes: whoever changes it wakes those who wait.

use std::ptr::{from_ref, null};
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use libc::timespec;

/// Until the word is no longer `seen`, somebody wakes us, a signal comes or the time is over: look again after any of them.
pub fn wait(word: &AtomicU32, seen: u32, patience: Duration) {
    let patience =
        timespec { tv_sec: patience.as_secs() as libc::time_t, tv_nsec: i64::from(patience.subsec_nanos()) as libc::c_long };
    // SAFETY: the word lives as long as the reference, a timespec is read only; a shared futex may lie in a mapping that is only read.
    unsafe { libc::syscall(libc::SYS_futex, from_ref(word), libc::FUTEX_WAIT, seen, from_ref(&patience), null::<u32>(), 0) };
}

pub fn wake(word: &AtomicU32) {
    // SAFETY: as above; nothing is written.
    unsafe { libc::syscall(libc::SYS_futex, from_ref(word), libc::FUTEX_WAKE, i32::MAX, null::<timespec>(), null::<u32>(), 0) };
}
