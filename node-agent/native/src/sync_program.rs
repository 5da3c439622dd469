//! `SyncProgram`: set-up and control of the thread that sends Sync and Follow_Up.

use std::cell::RefCell;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::Arc;

use napi::Env;
use napi_derive::napi;

use crate::errors::{guard, Failure, Result};
use crate::js::{integer, Fields, Number, Octets};
use crate::port_options::PortOptions;
use crate::reservation::{Reservation, Use};
use crate::socket::open_sender;
use crate::stamp::StampKeys;
use crate::sync_message::template;
use crate::sync_thread::{Counters, Program, Shared, SyncThread};
use crate::thread::Worker;
use crate::time::NS_PER_SECOND;
use crate::timerfd::open_timer;

/// 10 years: no label differs by more from any clock that can be told apart from a broken one.
const LABEL_LIMIT_SECONDS: f64 = 315_360_000.0;

struct Running {
    /// Dropped first: waits for the thread, which notices within one stamp wait (50 ms) at most.
    _thread: Worker,
    shared: Arc<Shared>,
    /// Dropped after the thread has closed its sockets.
    _reservations: [Reservation; 2],
}

#[napi]
pub struct SyncProgram {
    /// Outlive the program: statistics can be asked for after close.
    counters: Arc<Counters>,
    running: RefCell<Option<Running>>,
}

#[napi]
impl SyncProgram {
    #[napi(constructor)]
    pub fn new(env: Env, options: Fields) -> napi::Result<Self> {
        guard(env, || {
            let program = read_program(
                &options.octets(c"sync")?,
                &options.octets(c"followUp")?,
                options.number(c"logInterval")?,
                options.number(c"labelOffsetSeconds")?,
            )?;
            let port = PortOptions::read(&options)?;
            let reservations = port.reserve(Use::SendOnly)?;
            let shared = Arc::new(Shared::new(program)?);
            let worker = SyncThread {
                shared: Arc::clone(&shared),
                clock: Arc::clone(&port.clock),
                event: open_sender(&port.event())?,
                general: open_sender(&port.general())?,
                keys: StampKeys::new(),
                timer: open_timer()?,
            };
            // After a panic the count of Syncs stands still, which the engine watches.
            let thread = Worker::start("mer-sync", &shared.signal, move || worker.run())?;
            let counters = Arc::clone(&shared.counters);
            Ok(Self { counters, running: RefCell::new(Some(Running { _thread: thread, shared, _reservations: reservations })) })
        })
    }

    #[napi]
    pub fn update(
        &self,
        env: Env,
        sync: Octets,
        follow_up: Octets,
        log_interval: Number,
        label_offset_seconds: Number,
    ) -> napi::Result<()> {
        guard(env, || {
            let program = read_program(&sync.0, &follow_up.0, log_interval.0, label_offset_seconds.0)?;
            match &*self.running.borrow() {
                Some(running) => running.shared.set_program(program),
                None => return Err(Failure::closed("sync program")),
            }
            Ok(())
        })
    }

    #[napi]
    pub fn statistics(&self) -> Vec<f64> {
        let counters = &self.counters;
        [&counters.syncs, &counters.follow_ups, &counters.missing_stamps, &counters.send_errors, &counters.lateness_ns]
            .map(|counter| counter.load(Relaxed) as f64)
            .to_vec()
    }

    #[napi]
    pub fn close(&self, env: Env) -> napi::Result<()> {
        guard(env, || {
            drop(self.running.take());
            Ok(())
        })
    }
}

fn read_program(sync: &[u8], follow_up: &[u8], log_interval: f64, label_offset_seconds: f64) -> Result<Program> {
    let log_interval = integer(log_interval, "logInterval", -7.0..=1.0)?;
    let label = integer(label_offset_seconds, "labelOffsetSeconds", -LABEL_LIMIT_SECONDS..=LABEL_LIMIT_SECONDS)?;
    Ok(Program {
        sync: template(sync, "sync")?,
        follow_up: template(follow_up, "followUp")?,
        interval_ns: if log_interval < 0 { NS_PER_SECOND >> -log_interval } else { NS_PER_SECOND << log_interval },
        label_offset_ns: label * NS_PER_SECOND,
    })
}
