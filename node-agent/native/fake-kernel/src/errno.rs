//! errno, as C functions leave it.

use libc::c_int;

/// Sets errno and returns −1.
pub fn fail(number: c_int) -> c_int {
    // SAFETY: the calling thread's own errno.
    unsafe { *libc::__errno_location() = number };
    -1
}

pub fn answer(result: Result<c_int, c_int>) -> c_int {
    result.unwrap_or_else(fail)
}
