//! What a native thread hears from its owner while it waits for its sockets: look again, or end.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::errors::{check, Result};

pub struct Signal {
    /// An eventfd.
    event: OwnedFd,
    stop: AtomicBool,
}

impl Signal {
    pub fn new() -> Result<Self> {
        // SAFETY: a fresh descriptor that belongs to nobody else.
        let event =
            unsafe { OwnedFd::from_raw_fd(check(libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK), "eventfd", "")?) };
        Ok(Self { event, stop: AtomicBool::new(false) })
    }

    /// Readable after `wake` or `stop`, until `clear`.
    pub fn descriptor(&self) -> RawFd {
        self.event.as_raw_fd()
    }

    pub fn wake(&self) {
        let one = 1u64;
        // SAFETY: eight octets from `one`. It cannot block, and a saturated count wakes as well.
        unsafe { libc::write(self.descriptor(), std::ptr::from_ref(&one).cast(), 8) };
    }

    pub fn clear(&self) {
        let mut count = 0u64;
        // SAFETY: eight octets into `count`.
        unsafe { libc::read(self.descriptor(), std::ptr::from_mut(&mut count).cast(), 8) };
    }

    pub fn stop(&self) {
        self.stop.store(true, Relaxed);
        self.wake();
    }

    pub fn is_stopped(&self) -> bool {
        self.stop.load(Relaxed)
    }
}
