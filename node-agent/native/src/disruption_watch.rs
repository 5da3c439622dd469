//! `DisruptionWatch`: a thread that voids pages the moment their clock is no longer what they say, before JavaScript hears of it.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use napi::Env;
use napi_derive::napi;

use crate::clock::Clock;
use crate::clock_source::ClockSource;
use crate::disruption_signs::Signs;
use crate::disruption_thread::{run, Shared};
use crate::errors::{guard, Failure, Result};
use crate::js::{within, Callback, Fields, Number};
use crate::page::ClockPage;
use crate::thread::Worker;
use crate::uv::{Poll, READABLE};
use crate::vm_clock::VmClock;

/// Of one clock.
const MOST_PAGES: usize = 16;
const LONGEST_STEP_NS: f64 = 4.6e18;

struct Open {
    /// Declared before what its descriptor belongs to.
    _poll: Poll,
    on_disruption: Rc<Callback>,
    shared: Arc<Shared>,
    worker: Option<Worker>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.shared.stop();
        drop(self.worker.take());
    }
}

struct State {
    open: RefCell<Option<Open>>,
}

impl State {
    fn shared(&self) -> Result<Arc<Shared>> {
        self.open.borrow().as_ref().map(|open| Arc::clone(&open.shared)).ok_or_else(|| Failure::closed("watch"))
    }

    fn take_news(&self) -> Option<Rc<Callback>> {
        let open = self.open.borrow();
        let open = open.as_ref()?;
        open.shared.news.clear();
        Some(Rc::clone(&open.on_disruption))
    }
}

#[napi]
pub struct DisruptionWatch {
    state: Rc<State>,
}

#[napi]
impl DisruptionWatch {
    #[napi(constructor)]
    pub fn new(env: Env, options: Fields, on_disruption: Callback) -> napi::Result<Self> {
        guard(env, || {
            let clock = Clock::from_options(&options)?;
            let pages = options.elements(c"pages", MOST_PAGES)?;
            let pages = pages.into_iter().map(|page| ClockPage::shared(env.raw(), page)).collect::<Result<Vec<_>>>()?;
            let vm = VmClock::open(&options.text(c"vmClockPath")?)?;
            let state = Rc::new(State { open: RefCell::new(None) });
            *state.open.borrow_mut() = Some(open(env, clock, pages, vm, on_disruption, &state)?);
            Ok(Self { state })
        })
    }

    #[napi]
    pub fn begin_step(&self, env: Env) -> napi::Result<()> {
        guard(env, || {
            self.state.shared()?.begin_step();
            Ok(())
        })
    }

    #[napi]
    pub fn end_step(&self, env: Env, by_ns: Number) -> napi::Result<()> {
        guard(env, || {
            let by_ns = within(by_ns.0, "byNs", -LONGEST_STEP_NS..=LONGEST_STEP_NS)?.round() as i64;
            self.state.shared()?.end_step(by_ns);
            Ok(())
        })
    }

    #[napi]
    pub fn statistics(&self, env: Env) -> napi::Result<Vec<f64>> {
        guard(env, || Ok(self.state.shared()?.counters.list()))
    }

    #[napi]
    pub fn close(&self, env: Env) -> napi::Result<()> {
        guard(env, || {
            drop(self.state.open.take());
            Ok(())
        })
    }
}

fn open(
    env: Env,
    clock: Arc<ClockSource>,
    pages: Vec<crate::page::SharedPage>,
    vm: Option<VmClock>,
    on_disruption: Callback,
    state: &Rc<State>,
) -> Result<Open> {
    let signs = Signs::new(&clock, vm)?;
    let shared = Arc::new(Shared::new(clock, signs, pages)?);
    let poll = Poll::watch(env.raw(), shared.news.descriptor(), state, |state, _status| {
        if let Some(on_disruption) = state.take_news() {
            on_disruption.call();
        }
    })?;
    poll.start(READABLE)?;
    poll.keep_loop_alive(false);
    let thread = Arc::clone(&shared);
    let worker = Worker::start("mer-disruption", &shared.signal, move || run(&thread))?;
    Ok(Open { _poll: poll, on_disruption: Rc::new(on_disruption), shared, worker: Some(worker) })
}
