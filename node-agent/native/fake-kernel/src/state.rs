//! The state file: shared by all processes of a fake machine and by the test, one call at a time.

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::atomic::{
    AtomicI64,
    Ordering::{Acquire, Relaxed, Release},
};
use std::sync::OnceLock;
use std::time::Duration;

use crate::realtime;
use crate::words::{Word, FILE_WORDS};

/// A process that was killed at work must not stop the others.
const ATTEMPTS: u32 = 20_000;

#[derive(Clone, Copy)]
pub struct State {
    words: &'static [AtomicI64],
    /// Of the file: tells fake machines apart.
    pub identity: u64,
}

static STATE: OnceLock<Option<State>> = OnceLock::new();

impl State {
    /// null: no file is named, or it is not there.
    pub fn find() -> Option<Self> {
        *STATE.get_or_init(map)
    }

    pub fn at(&self, index: usize) -> &AtomicI64 {
        &self.words[index]
    }

    pub fn get(&self, word: Word) -> i64 {
        self.at(word as usize).load(Relaxed)
    }

    pub fn is(&self, word: Word) -> bool {
        self.get(word) != 0
    }

    pub fn set(&self, word: Word, value: i64) {
        self.at(word as usize).store(value, Relaxed);
    }

    /// Takes a request, or one of a number of faults: 0 from then on, or one less.
    pub fn take(&self, word: Word) -> i64 {
        self.at(word as usize).swap(0, Relaxed)
    }

    pub fn take_one(&self, word: Word) -> bool {
        let left = self.get(word);
        if left > 0 {
            self.set(word, left - 1);
        }
        left > 0
    }

    pub fn count(&self, word: Word) {
        self.at(word as usize).fetch_add(1, Relaxed);
    }

    pub fn ppb(&self, word: Word) -> f64 {
        f64::from_bits(self.get(word) as u64)
    }

    pub fn set_ppb(&self, word: Word, ppb: f64) {
        self.set(word, ppb.to_bits() as i64);
    }
}

/// One call to the fake kernel. None: there is none.
pub fn call<T>(body: impl FnOnce(&State) -> T) -> Option<T> {
    let state = State::find()?;
    let lock = state.at(Word::Lock as usize);
    for attempt in 0..ATTEMPTS {
        if lock.compare_exchange(0, 1, Acquire, Relaxed).is_ok() {
            break;
        }
        if attempt > 100 {
            std::thread::sleep(Duration::from_micros(50));
        } else {
            std::thread::yield_now();
        }
    }
    realtime::advance(&state);
    let result = body(&state);
    lock.store(0, Release);
    Some(result)
}

fn map() -> Option<State> {
    // SAFETY: a name with its final NUL; the environment is not changed by the programs under test.
    let path = unsafe { libc::getenv(c"MERIDIAN_FAKE_KERNEL".as_ptr()) };
    if path.is_null() {
        return None;
    }
    // Not open(2) of the C library: that is ours.
    // SAFETY: a path with its final NUL.
    let fd = unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path, libc::O_RDWR | libc::O_CLOEXEC) } as i32;
    if fd < 0 {
        return None;
    }
    let length = FILE_WORDS * size_of::<AtomicI64>();
    // SAFETY: integers only, for which zero is valid.
    let mut status: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: a fresh mapping touches no memory of ours, `status` is writable, and the descriptor is our own.
    let start = unsafe {
        crate::real::fstat(fd, &mut status);
        let start = libc::mmap(null_mut(), length, libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED, fd, 0);
        crate::real::close(fd);
        start
    };
    if start == libc::MAP_FAILED || (status.st_size as usize) < length {
        return None;
    }
    // SAFETY: the mapping is that long, aligned to a page, and never unmapped; every bit pattern is an integer.
    let words = unsafe { std::slice::from_raw_parts(start.cast::<c_void>().cast::<AtomicI64>(), FILE_WORDS) };
    Some(State { words, identity: status.st_ino })
}
