//! Polling a descriptor on Node's own event loop. A thread of ours with a wake-up per packet costs three times as much and biases
//! offsets by microseconds, so sockets and timers are polled here, on the JavaScript thread.
//!
//! The uv_ symbols are outside the Node-API promise but stable within libuv 1. Handles are sized by `uv_handle_size`, never by a struct.

use std::cell::Cell;
use std::ffi::{c_char, c_int, c_void};
use std::os::fd::RawFd;
use std::ptr::null_mut;
use std::rc::{Rc, Weak};

use napi::sys;

use crate::errors::{contain, Failure, Result};
use crate::js::node;

pub const READABLE: c_int = 1;
/// POLLPRI. Without it libuv takes the POLLERR of a filled error queue for a broken descriptor (EBADF) and stops polling.
pub const PRIORITIZED: c_int = 8;
/// UV_POLL of uv_handle_type.
const UV_POLL: c_int = 8;

unsafe extern "C" {
    fn uv_handle_size(kind: c_int) -> usize;
    fn uv_poll_init(uv_loop: *mut c_void, handle: *mut c_void, fd: c_int) -> c_int;
    fn uv_poll_start(handle: *mut c_void, events: c_int, callback: extern "C" fn(*mut c_void, c_int, c_int)) -> c_int;
    fn uv_poll_stop(handle: *mut c_void) -> c_int;
    fn uv_close(handle: *mut c_void, callback: Option<extern "C" fn(*mut c_void)>);
    fn uv_handle_set_data(handle: *mut c_void, data: *mut c_void);
    fn uv_handle_get_data(handle: *const c_void) -> *mut c_void;
    fn uv_ref(handle: *mut c_void);
    fn uv_unref(handle: *mut c_void);
    pub fn uv_err_name_r(error: c_int, buffer: *mut c_char, length: usize) -> *mut c_char;
}

/// What both sides of a handle hold: the `Poll`, and libuv until its close callback.
struct Watch {
    /// `uv_handle_size` octets from calloc.
    handle: *mut c_void,
    /// Gets libuv's status: 0, or a negative errno after which polling has stopped.
    on_ready: Box<dyn Fn(c_int)>,
    closing: Cell<bool>,
    hook: Cell<sys::napi_async_cleanup_hook_handle>,
}

impl Watch {
    fn close(&self) {
        if !self.closing.replace(true) {
            // SAFETY: an initialised handle, closed once, on its loop's thread. It stays allocated until `on_close`.
            unsafe {
                uv_poll_stop(self.handle);
                uv_close(self.handle, Some(on_close));
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // SAFETY: allocated by calloc in `Poll::new`; libuv is done with it, or never had it.
        unsafe { libc::free(self.handle) };
    }
}

/// A descriptor on the event loop. Closed when dropped; the descriptor may be closed right after that.
pub struct Poll {
    watch: Rc<Watch>,
}

impl Poll {
    /// `on_ready` runs on the JavaScript thread without a handle scope. It must not keep the owner of this Poll alive.
    fn new(env: sys::napi_env, fd: RawFd, on_ready: impl Fn(c_int) + 'static) -> Result<Self> {
        let mut uv_loop = null_mut();
        // SAFETY: env belongs to the running callback.
        node(unsafe { sys::napi_get_uv_event_loop(env, &mut uv_loop) }, "napi_get_uv_event_loop")?;
        // SAFETY: plain allocation, checked below.
        let handle = unsafe { libc::calloc(1, uv_handle_size(UV_POLL)) };
        if handle.is_null() {
            return Err(Failure::system(libc::ENOMEM, "calloc", "uv_poll_t"));
        }
        let watch =
            Rc::new(Watch { handle, on_ready: Box::new(on_ready), closing: Cell::new(false), hook: Cell::new(null_mut()) });
        // SAFETY: the loop is this thread's, the memory as large as libuv says.
        let status = unsafe { uv_poll_init(uv_loop.cast(), handle, fd) };
        if status != 0 {
            return Err(Failure::system(-status, "uv_poll_init", ""));
        }
        let data = Rc::into_raw(Rc::clone(&watch)).cast_mut().cast::<c_void>();
        let mut hook = null_mut();
        // SAFETY: libuv and the hook get one count of the Rc, which `on_close` gives back after both are done with it.
        let hooked = unsafe {
            uv_handle_set_data(handle, data);
            sys::napi_add_async_cleanup_hook(env, Some(on_environment_end), data, &mut hook)
        };
        let poll = Self { watch };
        node(hooked, "napi_add_async_cleanup_hook")?;
        poll.watch.hook.set(hook);
        Ok(poll)
    }

    /// `act` gets the owner, as long as there is one: it owns this Poll in turn.
    pub fn watch<T: 'static>(env: sys::napi_env, fd: RawFd, owner: &Rc<T>, act: impl Fn(&T, c_int) + 'static) -> Result<Self> {
        let owner: Weak<T> = Rc::downgrade(owner);
        Self::new(env, fd, move |status| {
            if let Some(owner) = owner.upgrade() {
                act(&owner, status);
            }
        })
    }

    pub fn start(&self, events: c_int) -> Result<()> {
        if self.watch.closing.get() {
            return Ok(());
        }
        // SAFETY: an initialised handle that is not closing, on its loop's thread.
        match unsafe { uv_poll_start(self.watch.handle, events, on_poll) } {
            0 => Ok(()),
            status => Err(Failure::system(-status, "uv_poll_start", "")),
        }
    }

    pub fn stop(&self) {
        if !self.watch.closing.get() {
            // SAFETY: as in `start`.
            unsafe { uv_poll_stop(self.watch.handle) };
        }
    }

    /// Whether the process goes on for this descriptor alone.
    pub fn keep_loop_alive(&self, keep: bool) {
        if !self.watch.closing.get() {
            // SAFETY: as in `start`.
            unsafe {
                if keep {
                    uv_ref(self.watch.handle)
                } else {
                    uv_unref(self.watch.handle)
                }
            };
        }
    }
}

impl Drop for Poll {
    fn drop(&mut self) {
        self.watch.close();
    }
}

extern "C" fn on_poll(handle: *mut c_void, status: c_int, _events: c_int) {
    // SAFETY: the data of `Poll::new`. A count of our own, because the callback may drop the Poll; `on_close` cannot run meanwhile.
    let watch = unsafe {
        let data = uv_handle_get_data(handle).cast::<Watch>();
        Rc::increment_strong_count(data);
        Rc::from_raw(data)
    };
    if !watch.closing.get() {
        // The callbacks report their own failures to JavaScript; this is the last fence before libuv's frames.
        let _ = contain(|| {
            (watch.on_ready)(status);
            Ok(())
        });
    }
}

extern "C" fn on_close(handle: *mut c_void) {
    // SAFETY: the count that `Poll::new` gave to libuv; this callback runs once.
    let watch = unsafe { Rc::from_raw(uv_handle_get_data(handle).cast::<Watch>()) };
    let hook = watch.hook.replace(null_mut());
    if !hook.is_null() {
        // SAFETY: added once, removed once. When the environment is ending, this lets it go on.
        unsafe { sys::napi_remove_async_cleanup_hook(hook) };
    }
    let _ = contain(|| {
        drop(watch);
        Ok(())
    });
}

/// A worker or the process ends with the handle open: libuv must see it closed before the loop goes.
unsafe extern "C" fn on_environment_end(_hook: sys::napi_async_cleanup_hook_handle, data: *mut c_void) {
    // SAFETY: the data of `Poll::new`, alive until `on_close`, which removes this hook.
    unsafe { &*data.cast::<Watch>() }.close();
}
