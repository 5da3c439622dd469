//! How failures reach JavaScript: every one becomes an Error with a `code` (the errno name or a `MER_NATIVE_…` code) and, for
//! system calls, a `syscall`. `guard` also turns panics into errors, since unwinding into V8 would end the process.

use std::any::Any;
use std::ffi::{c_char, c_int};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::null_mut;

use napi::{sys, Env, Status};

use crate::uv;

pub type Result<T> = std::result::Result<T, Failure>;

#[derive(Debug)]
enum Code {
    Errno(c_int),
    Named(&'static str),
    /// JavaScript has thrown already (a getter of an options object); that exception goes on.
    Thrown,
}

#[derive(Debug)]
pub struct Failure {
    code: Code,
    syscall: Option<&'static str>,
    message: String,
}

impl Failure {
    pub fn argument(message: impl Into<String>) -> Self {
        Self::named("MER_NATIVE_ARGUMENT", message)
    }

    pub fn closed(what: &str) -> Self {
        Self::named("MER_NATIVE_CLOSED", format!("this {what} is closed"))
    }

    pub fn not_steerable(message: impl Into<String>) -> Self {
        Self::named("MER_NATIVE_NOT_STEERABLE", message)
    }

    /// A file is not what it should be: wrong magic, wrong size, another version.
    pub fn format(message: impl Into<String>) -> Self {
        Self::named("MER_NATIVE_FORMAT", message)
    }

    /// Node-API refused a call that cannot fail in a healthy process.
    pub fn node(what: &str, status: sys::napi_status) -> Self {
        if status == sys::Status::napi_pending_exception {
            return Self { code: Code::Thrown, syscall: None, message: String::new() };
        }
        Self::named("MER_NATIVE_NODE", format!("{what}: {}", Status::from(status)))
    }

    pub fn panic(payload: &(dyn Any + Send)) -> Self {
        let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        Self::named("MER_NATIVE_PANIC", format!("the native module panicked: {}", text.unwrap_or("no message")))
    }

    /// The lock of a clock is held by `pid`. Spelled EWOULDBLOCK as flock(2) does; the number equals EAGAIN.
    pub fn locked(path: &str, pid: u32) -> Self {
        Self {
            code: Code::Named("EWOULDBLOCK"),
            syscall: Some("flock"),
            message: format!("{path}: process {pid} steers this clock"),
        }
    }

    /// The lock of a kernel's clock is held by somebody else.
    pub fn held(uri: &str, holder: &str) -> Self {
        Self { code: Code::Named("EWOULDBLOCK"), syscall: Some("bind"), message: format!("{uri}: {holder} steers this clock") }
    }

    pub fn system(errno: c_int, syscall: &'static str, detail: &str) -> Self {
        Self { code: Code::Errno(errno), syscall: Some(syscall), message: detail.to_owned() }
    }

    /// The calling thread's errno.
    pub fn last(syscall: &'static str, detail: &str) -> Self {
        Self::system(last_errno(), syscall, detail)
    }

    pub fn io(error: &std::io::Error, syscall: &'static str, detail: &str) -> Self {
        Self::system(error.raw_os_error().unwrap_or(libc::EIO), syscall, detail)
    }

    fn named(code: &'static str, message: impl Into<String>) -> Self {
        Self { code: Code::Named(code), syscall: None, message: message.into() }
    }

    /// No route: an interface that has no address yet.
    pub fn is_unreachable(&self) -> bool {
        matches!(self.code, Code::Errno(libc::ENETUNREACH | libc::EHOSTUNREACH | libc::EADDRNOTAVAIL))
    }

    pub fn errno(&self) -> Option<c_int> {
        match self.code {
            Code::Errno(number) => Some(number),
            _ => None,
        }
    }

    /// Throws, and returns the napi error that makes derived code pass the pending exception on.
    pub fn throw(self, env: sys::napi_env) -> napi::Error {
        if !matches!(self.code, Code::Thrown) {
            self.throw_new(env);
        }
        napi::Error::new(Status::PendingException, String::new())
    }

    fn throw_new(self, env: sys::napi_env) {
        let (code, message) = match (&self.code, self.syscall) {
            (Code::Errno(number), Some(syscall)) => {
                let name = errno_name(*number);
                let message = format!("{name}: {}, {syscall} {}", std::io::Error::from_raw_os_error(*number), self.message);
                (name, message)
            }
            (Code::Named(name), _) => ((*name).to_owned(), self.message.clone()),
            _ => (String::new(), self.message.clone()),
        };
        // SAFETY: called on the JavaScript thread inside a callback with its env; every value is used in the same scope. When a
        // call fails the environment is ending, and nobody is left to hear of it.
        unsafe {
            let (code, message) = (string(env, &code), string(env, &message));
            let mut error = null_mut();
            sys::napi_create_error(env, code, message, &mut error);
            if let Some(syscall) = self.syscall {
                sys::napi_set_named_property(env, error, c"syscall".as_ptr(), string(env, syscall));
            }
            if let Code::Errno(number) = self.code {
                let mut value = null_mut();
                sys::napi_create_int32(env, -number, &mut value);
                sys::napi_set_named_property(env, error, c"errno".as_ptr(), value);
            }
            sys::napi_throw(env, error);
        }
    }
}

/// # Safety
/// On the JavaScript thread, with a handle scope open.
unsafe fn string(env: sys::napi_env, text: &str) -> sys::napi_value {
    let mut value = null_mut();
    // SAFETY: the pointer and length describe `text`; Node-API copies it.
    unsafe { sys::napi_create_string_utf8(env, text.as_ptr().cast(), text.len() as isize, &mut value) };
    value
}

pub fn last_errno() -> c_int {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)
}

/// As libuv spells it, so that a code looks the same as those of Node's own errors.
fn errno_name(number: c_int) -> String {
    let mut buffer = [0u8; 64];
    // SAFETY: libuv writes at most the given length, with a final NUL.
    unsafe { uv::uv_err_name_r(-number, buffer.as_mut_ptr().cast::<c_char>(), buffer.len()) };
    let length = buffer.iter().position(|&octet| octet == 0).unwrap_or(0);
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

/// Passes a system call's result on, or the errno it left.
pub fn check(result: c_int, syscall: &'static str, detail: &str) -> Result<c_int> {
    if result < 0 {
        return Err(Failure::last(syscall, detail));
    }
    Ok(result)
}

/// Runs the body of a method; failures and panics become exceptions.
pub fn guard<T>(env: Env, body: impl FnOnce() -> Result<T>) -> napi::Result<T> {
    contain(body).map_err(|failure| failure.throw(env.raw()))
}

/// Runs `body` and turns a panic into a failure. For callbacks and threads, where there is nobody to throw at.
pub fn contain<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| Err(Failure::panic(payload.as_ref())))
}

#[cfg(feature = "panic-for-test")]
#[napi_derive::napi]
pub fn panic_for_test(env: Env) -> napi::Result<()> {
    guard(env, || panic!("on purpose"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_failure_with_its_message() {
        let failure = contain::<()>(|| panic!("boom")).unwrap_err();
        assert!(matches!(failure.code, Code::Named("MER_NATIVE_PANIC")));
        assert!(failure.message.contains("boom"));
    }
}
