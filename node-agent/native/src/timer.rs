//! `FdTimer`: a one-shot timer on the event loop that is never early. setTimeout counts in whole milliseconds of the loop's cached
//! time and fires up to 1.7 ms early, which a deadline of an engine must not.

use std::cell::RefCell;
use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;

use napi::Env;
use napi_derive::napi;

use crate::errors::{guard, Failure, Result};
use crate::js::{within, Callback, Number};
use crate::timerfd::{open_timer, set_timer};
use crate::uv::{Poll, READABLE};

/// 31 years.
const LONGEST_DELAY_NS: f64 = 1e18;

struct Open {
    /// Declared before the descriptor: polling ends first.
    poll: Poll,
    timer: OwnedFd,
    on_tick: Rc<Callback>,
}

struct State {
    open: RefCell<Option<Open>>,
}

impl State {
    fn set(&self, ns: i64) -> Result<()> {
        match &*self.open.borrow() {
            None => Err(Failure::closed("timer")),
            Some(open) => {
                set_timer(&open.timer, ns, false)?;
                open.poll.keep_loop_alive(ns != 0);
                Ok(())
            }
        }
    }

    /// What to call, when the timer has expired and was not armed again or disarmed since.
    fn take_expiry(&self) -> Option<Rc<Callback>> {
        let open = self.open.borrow();
        let open = open.as_ref()?;
        let mut count = 0u64;
        // SAFETY: eight octets into `count`; the descriptor does not block.
        let read = unsafe { libc::read(open.timer.as_raw_fd(), std::ptr::from_mut(&mut count).cast(), 8) };
        if read != 8 {
            return None;
        }
        open.poll.keep_loop_alive(false);
        Some(Rc::clone(&open.on_tick))
    }
}

#[napi]
pub struct FdTimer {
    state: Rc<State>,
}

#[napi]
impl FdTimer {
    #[napi(constructor)]
    pub fn new(env: Env, on_tick: Callback) -> napi::Result<Self> {
        guard(env, || {
            let timer = open_timer()?;
            let state = Rc::new(State { open: RefCell::new(None) });
            let poll = Poll::watch(env.raw(), timer.as_raw_fd(), &state, |state, _status| {
                if let Some(on_tick) = state.take_expiry() {
                    on_tick.call();
                }
            })?;
            poll.start(READABLE)?;
            poll.keep_loop_alive(false);
            *state.open.borrow_mut() = Some(Open { poll, timer, on_tick: Rc::new(on_tick) });
            Ok(Self { state })
        })
    }

    #[napi]
    pub fn arm(&self, env: Env, delay_ns: Number) -> napi::Result<()> {
        guard(env, || {
            let delay = within(delay_ns.0, "delayNs", 0.0..=LONGEST_DELAY_NS)?;
            // Rounded up, as never early demands; and 0 would disarm.
            self.state.set((delay.ceil() as i64).max(1))
        })
    }

    #[napi]
    pub fn disarm(&self, env: Env) -> napi::Result<()> {
        guard(env, || self.state.set(0))
    }

    #[napi]
    pub fn close(&self, env: Env) -> napi::Result<()> {
        guard(env, || {
            drop(self.state.open.take());
            Ok(())
        })
    }
}
