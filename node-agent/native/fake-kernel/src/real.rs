//! The functions that this library stands in front of.

use std::ffi::{c_char, c_int, c_ulong, c_void, CStr};
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use libc::{clockid_t, itimerspec, mode_t, msghdr, sockaddr, socklen_t, ssize_t, stat, timespec};

/// The next definition of a symbol after ours.
fn find(name: &CStr, cache: &AtomicPtr<c_void>) -> *mut c_void {
    let known = cache.load(Relaxed);
    if !known.is_null() {
        return known;
    }
    // SAFETY: a name with its final NUL.
    let found = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) };
    cache.store(found, Relaxed);
    found
}

macro_rules! real {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $result:ty;)+) => {
        $(
            /// # Safety
            /// That of the C function.
            pub unsafe fn $name($($argument: $kind),*) -> $result {
                static CACHE: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());
                // SAFETY: the symbol is the C library's function of that name and type.
                let function: unsafe extern "C" fn($($kind),*) -> $result = unsafe {
                    std::mem::transmute(find(
                        CStr::from_bytes_with_nul_unchecked(concat!(stringify!($name), "\0").as_bytes()),
                        &CACHE,
                    ))
                };
                // SAFETY: the caller's promise.
                unsafe { function($($argument),*) }
            }
        )+
    };
}

// Variadic ones get all that they may look at: the calling convention of Linux passes it alike.
real! {
    clock_gettime(clock: clockid_t, time: *mut timespec) -> c_int;
    open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int;
    open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int;
    openat(folder: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int;
    openat64(folder: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int;
    close(fd: c_int) -> c_int;
    fstat(fd: c_int, status: *mut stat) -> c_int;
    fstat64(fd: c_int, status: *mut stat) -> c_int;
    ioctl(fd: c_int, request: c_ulong, argument: *mut c_void) -> c_int;
    recvmsg(fd: c_int, message: *mut msghdr, flags: c_int) -> ssize_t;
    recvmmsg(fd: c_int, messages: *mut libc::mmsghdr, count: libc::c_uint, flags: c_int, timeout: *mut timespec) -> c_int;
    timerfd_settime(fd: c_int, flags: c_int, new: *const itimerspec, old: *mut itimerspec) -> c_int;
    bind(fd: c_int, address: *const sockaddr, length: socklen_t) -> c_int;
    connect(fd: c_int, address: *const sockaddr, length: socklen_t) -> c_int;
}

/// A clock of the real kernel, ns.
pub fn host_ns(clock: clockid_t) -> i64 {
    let mut time = timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is writable.
    unsafe { clock_gettime(clock, &mut time) };
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}
