//! `Clock`: the clocks as JavaScript sees them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use napi::bindgen_prelude::{ClassInstance, FromNapiValue, JavaScriptClassExt};
use napi::{sys, Env, JsValue};
use napi_derive::napi;

use crate::clock_source::ClockSource;
use crate::errors::{guard, Failure, Result};
use crate::executor::Executor;
use crate::js::{fill_doubles, integer, read_number, within, Fields, Number, Text};
use crate::kernel_lock::KernelLock;
use crate::kernel_status::KernelStatus;
use crate::layout::clock_reading as reading_at;
use crate::phc_clock::PhcClock;
use crate::phc_device::MOST_SAMPLES;
use crate::raw_function::{define_function, Arguments};
use crate::realtime_clock::RealtimeClock;
use crate::time::split;
use crate::virtual_clock::VirtualClock;
use crate::virtual_file::{ClockLock, VirtualFile};

/// 10 %: beyond any oscillator and any slew, and far from where the conversion would overflow.
pub const FREQUENCY_LIMIT_PPB: f64 = 1e8;
/// 146 years: what doubles and i64 both hold with room to spare.
pub const OFFSET_LIMIT_NS: f64 = 4.6e18;

/// Held while a clock is steered, for its effect when it is dropped.
#[expect(dead_code, reason = "only dropped")]
enum Lock {
    File(ClockLock),
    Kernel(KernelLock),
}

struct State {
    source: Arc<ClockSource>,
    executor: RefCell<Option<Executor>>,
    /// Declared after the executor: the last adjustment is written under the lock.
    lock: RefCell<Option<Lock>>,
    closed: Cell<bool>,
}

#[napi]
pub struct Clock {
    uri: String,
    state: Rc<State>,
}

#[napi]
impl Clock {
    /// For `new Clock()`, which napi would refuse without a code.
    #[napi(constructor)]
    pub fn new(env: Env) -> napi::Result<Self> {
        guard(env, || Err(Failure::argument("a Clock is made by Clock.open")))
    }

    #[napi]
    pub fn open<'env>(env: &'env Env, uri: Text, options: Fields) -> napi::Result<ClassInstance<'env, Clock>> {
        let state = guard(*env, || open_source(&uri.0, options.flag(c"steer")?))?;
        let instance = Clock { uri: uri.0, state: Rc::clone(&state) }.into_instance(env)?;
        guard(*env, || define_function(env.raw(), instance.raw(), c"read", &state, read))?;
        guard(*env, || define_function(env.raw(), instance.raw(), c"sampleOffset", &state, sample_offset))?;
        Ok(instance)
    }

    #[napi(getter)]
    pub fn uri(&self) -> String {
        self.uri.clone()
    }

    #[napi(getter)]
    pub fn steerable(&self) -> bool {
        self.state.executor.borrow().is_some()
    }

    #[napi]
    pub fn command(&self, env: Env, ppb: Number, until_raw: Number, then_ppb: Number) -> napi::Result<f64> {
        guard(env, || {
            let limits = -FREQUENCY_LIMIT_PPB..=FREQUENCY_LIMIT_PPB;
            let ppb = within(ppb.0, "ppb", limits.clone())?;
            let then_ppb = within(then_ppb.0, "thenPpb", limits)?;
            self.steer(|executor| executor.command(ppb, until_raw.0, then_ppb))
        })
    }

    #[napi]
    pub fn step(&self, env: Env, ns: Number) -> napi::Result<()> {
        guard(env, || {
            let ns = within(ns.0, "ns", -OFFSET_LIMIT_NS..=OFFSET_LIMIT_NS)?.round() as i64;
            self.steer(|executor| executor.step(ns))
        })
    }

    #[napi]
    pub fn set_kernel_status(&self, env: Env, status: Fields) -> napi::Result<()> {
        guard(env, || {
            let status = KernelStatus::read(&status)?;
            match &*self.state.source {
                ClockSource::Realtime(clock) => self.steer(|_| clock.set_status(&status)),
                // The kernel says nothing of them to anybody.
                _ => self.demand_open(),
            }
        })
    }

    #[napi]
    pub fn close(&self, env: Env) -> napi::Result<()> {
        guard(env, || {
            self.state.closed.set(true);
            drop(self.state.executor.take());
            drop(self.state.lock.take());
            Ok(())
        })
    }

    fn steer<T>(&self, act: impl FnOnce(&Executor) -> Result<T>) -> Result<T> {
        self.demand_open()?;
        match &*self.state.executor.borrow() {
            Some(executor) => act(executor),
            None => Err(Failure::not_steerable(format!("{} can only be read through this handle", self.uri))),
        }
    }

    fn demand_open(&self) -> Result<()> {
        if self.state.closed.get() {
            return Err(Failure::closed("clock"));
        }
        Ok(())
    }

    /// The clock in an options object, for those who stamp with it. They go on with it when this handle is closed.
    pub(crate) fn from_options(options: &Fields) -> Result<Arc<ClockSource>> {
        let value = options.value(c"clock")?;
        // SAFETY: env and value belong to the running callback; napi checks the class by its type tag.
        let clock = unsafe { ClassInstance::<Clock>::from_napi_value(options.env(), value) };
        let clock = clock.map_err(|error| Failure::argument(format!("clock must be a Clock: {error}")))?;
        if clock.state.closed.get() {
            return Err(Failure::closed("clock"));
        }
        Ok(Arc::clone(&clock.state.source))
    }
}

fn open_source(uri: &str, steer: bool) -> Result<Rc<State>> {
    let (source, executor, lock) = if uri == "realtime:" {
        let lock = if steer { Some(Lock::Kernel(RealtimeClock::claim()?)) } else { None };
        let clock = Arc::new(RealtimeClock::open());
        let executor = if steer { Some(Executor::start(clock.clone())?) } else { None };
        (ClockSource::Realtime(clock), executor, lock)
    } else if let Some(path) = uri.strip_prefix("virtual:") {
        let (file, lock) = VirtualFile::open(path, steer)?;
        let clock = Arc::new(VirtualClock::new(file));
        let executor = if steer { Some(Executor::start(clock.clone())?) } else { None };
        (ClockSource::Virtual(clock), executor, lock.map(Lock::File))
    } else if let Some(path) = uri.strip_prefix("phc:") {
        let (clock, lock) = PhcClock::open(path, steer)?;
        let clock = Arc::new(clock);
        let executor = if steer { Some(Executor::start(clock.clone())?) } else { None };
        (ClockSource::Phc(clock), executor, lock.map(Lock::Kernel))
    } else {
        return Err(Failure::argument(format!("{uri} is neither virtual:<file> nor phc:<device> nor realtime:")));
    };
    Ok(Rc::new(State {
        source: Arc::new(source),
        executor: RefCell::new(executor),
        lock: RefCell::new(lock),
        closed: Cell::new(false),
    }))
}

fn read(state: &State, env: sys::napi_env, arguments: &Arguments) -> Result<Option<f64>> {
    if state.closed.get() {
        return Err(Failure::closed("clock"));
    }
    let reading = state.source.try_read()?;
    let (seconds, nanoseconds) = split(reading.ns);
    let mut out = [0.0; reading_at::LENGTH];
    out[reading_at::SECONDS] = seconds;
    out[reading_at::NANOSECONDS] = f64::from(nanoseconds);
    out[reading_at::RAW] = reading.raw;
    out[reading_at::STEERING] = reading.steering;
    out[reading_at::FREQUENCY] = reading.frequency;
    out[reading_at::ERA] = reading.era as f64;
    fill_doubles(env, arguments[0], out)?;
    Ok(None)
}

fn sample_offset(state: &State, env: sys::napi_env, arguments: &Arguments) -> Result<Option<f64>> {
    if state.closed.get() {
        return Err(Failure::closed("clock"));
    }
    let ClockSource::Phc(clock) = &*state.source else {
        return Err(Failure::argument("only a clock of phc:<device> has samples of its offset"));
    };
    let count = integer(read_number(env, arguments[0], "count")?, "count", 1.0..=MOST_SAMPLES as f64)?;
    fill_doubles(env, arguments[1], clock.sample_offset(count as usize)?)?;
    Ok(None)
}
