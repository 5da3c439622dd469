//! A file mapped into memory, shared with other processes.

use std::ffi::c_void;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::ptr::{null_mut, NonNull};

use crate::errors::{Failure, Result};

#[derive(Debug)]
pub struct Mapping {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: a mapping is plain memory that outlives every reference into it (`at` borrows from it); whoever shares it between threads
// does so through atomics.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    pub fn new(file: &File, length: usize, writable: bool, path: &str) -> Result<Self> {
        let protection = libc::PROT_READ | if writable { libc::PROT_WRITE } else { 0 };
        // SAFETY: a fresh mapping at an address of the kernel's choice touches no memory of ours.
        let start = unsafe { libc::mmap(null_mut(), length, protection, libc::MAP_SHARED, file.as_raw_fd(), 0) };
        if start == libc::MAP_FAILED {
            return Err(Failure::last("mmap", path));
        }
        NonNull::new(start.cast()).map(|start| Self { start, length }).ok_or_else(|| Failure::last("mmap", path))
    }

    /// `count` values of `T` from `offset` on.
    ///
    /// # Safety
    /// `T` must be valid for every bit pattern, and what others may write meanwhile must be atomic in it. The file must not shrink.
    pub unsafe fn at<T>(&self, offset: usize, count: usize) -> &[T] {
        let end = count.checked_mul(size_of::<T>()).and_then(|bytes| bytes.checked_add(offset));
        assert!(end.is_some_and(|end| end <= self.length) && offset.is_multiple_of(align_of::<T>()), "outside of the mapping");
        // SAFETY: in range and aligned as just checked (mappings start at a page); the rest is the caller's promise.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().add(offset).cast(), count) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: start and length are those of mmap; no reference outlives `self`.
        unsafe { libc::munmap(self.start.as_ptr().cast::<c_void>(), self.length) };
    }
}
