//! The thread of a DisruptionWatch. It sleeps until something happens: until somebody sets CLOCK_REALTIME (a timerfd that is cancelled
//! then, on resume as well), or until a virtual clock's file is written (a futex that its writers wake).

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use libc::pollfd;

use crate::clock_source::ClockSource;
use crate::disruption_signs::{is_stalled, Found, Signs};
use crate::errors::Result;
use crate::page::SharedPage;
use crate::signal::Signal;
use crate::time::host_ns;

/// A look at least this often: what shows by no event, and whether this thread was stopped.
const PATIENCE: Duration = Duration::from_millis(100);
/// Where a hypervisor's page has to be looked at, since nothing wakes those who wait for it.
const ASKING: Duration = Duration::from_millis(5);
/// Above ordinary tasks: readers believe the pages until this thread runs.
const FIFO_PRIORITY: i32 = 10;

#[derive(Default)]
pub struct Counters {
    steps: AtomicU64,
    suspends: AtomicU64,
    machine: AtomicU64,
    stalls: AtomicU64,
}

impl Counters {
    pub fn list(&self) -> Vec<f64> {
        [&self.steps, &self.suspends, &self.machine, &self.stalls].map(|counter| counter.load(Relaxed) as f64).to_vec()
    }
}

pub struct Shared {
    clock: Arc<ClockSource>,
    signs: Mutex<Signs>,
    pages: Vec<SharedPage>,
    pub counters: Counters,
    /// The end has come.
    pub signal: Arc<Signal>,
    /// JavaScript shall look.
    pub news: Signal,
}

impl Shared {
    pub fn new(clock: Arc<ClockSource>, signs: Signs, pages: Vec<SharedPage>) -> Result<Self> {
        let signal = Arc::new(Signal::new()?);
        Ok(Self { clock, signs: Mutex::new(signs), pages, counters: Counters::default(), signal, news: Signal::new()? })
    }

    fn signs(&self) -> MutexGuard<'_, Signs> {
        // A panic elsewhere leaves them whole: each change is one assignment.
        self.signs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Readers see no bound from here on until the next publication.
    pub fn begin_step(&self) {
        self.signs().begin_step();
        self.void_pages();
    }

    pub fn end_step(&self, by_ns: i64) {
        if self.signs().end_step(by_ns) {
            self.report(Found { step: true, ..Found::default() });
        }
    }

    /// At what the hypervisor says alone, or at everything.
    fn look(&self, thoroughly: bool) {
        let found = if thoroughly { self.signs().look() } else { self.signs().ask() };
        if found.any() {
            self.report(found);
        }
    }

    fn report(&self, found: Found) {
        if found.machine {
            // Nothing in this machine shows it: whatever is published from before it must not count.
            self.clock.start_era();
        }
        self.void_pages();
        let Counters { steps, suspends, machine, .. } = &self.counters;
        for (counter, found) in [(steps, found.step), (suspends, found.suspend), (machine, found.machine)] {
            counter.fetch_add(u64::from(found), Relaxed);
        }
        self.news.wake();
    }

    fn void_pages(&self) {
        for page in &self.pages {
            // A page that cannot be written says so at the next publication, where there is somebody to tell.
            let _ = page.disrupt();
        }
    }

    pub fn stop(&self) {
        self.signal.stop();
        if let ClockSource::Virtual(clock) = &*self.clock {
            clock.wake_watchers();
        }
    }

    /// What `wait` compares with: taken before a look, so that nothing falls between the two.
    fn changes(&self) -> u32 {
        match &*self.clock {
            ClockSource::Virtual(clock) => clock.changes(),
            _ => 0,
        }
    }

    /// Until something happens that was not `seen`, or `patience` is over. Returns whether a descriptor says so.
    fn wait(&self, alarm: Option<i32>, seen: u32, patience: Duration) -> bool {
        if let ClockSource::Virtual(clock) = &*self.clock {
            clock.await_change(seen, patience);
            return false;
        }
        let readable = |fd| pollfd { fd, events: libc::POLLIN, revents: 0 };
        // A negative descriptor is passed over.
        let mut fds = [readable(self.signal.descriptor()), readable(alarm.unwrap_or(-1))];
        // SAFETY: pointer and length describe `fds`.
        unsafe { libc::poll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, patience.as_millis() as i32) > 0 }
    }
}

pub fn run(shared: &Shared) -> Result<()> {
    use_real_time();
    let (alarm, patience) = {
        let signs = shared.signs();
        (signs.alarm(), if signs.asks() { ASKING } else { PATIENCE })
    };
    let mut last_ns = host_ns(libc::CLOCK_MONOTONIC);
    // When the last thorough look was, and at what.
    let (mut looked_ns, mut looked_at) = (i64::MIN, 0);
    let mut rang = false;
    loop {
        let seen = shared.changes();
        let thoroughly = rang || seen != looked_at || last_ns.saturating_sub(looked_ns) >= PATIENCE.as_nanos() as i64;
        if thoroughly {
            (looked_ns, looked_at) = (last_ns, seen);
        }
        shared.look(thoroughly);
        if shared.signal.is_stopped() {
            return Ok(());
        }
        rang = shared.wait(alarm, seen, patience);
        let now_ns = host_ns(libc::CLOCK_MONOTONIC);
        if is_stalled(last_ns, now_ns, patience.as_nanos() as i64) {
            shared.counters.stalls.fetch_add(1, Relaxed);
            shared.news.wake();
        }
        last_ns = now_ns;
    }
}

/// Without the right to SCHED_FIFO the thread stays an ordinary one.
fn use_real_time() {
    let parameter = libc::sched_param { sched_priority: FIFO_PRIORITY };
    // SAFETY: the parameter is read only; it acts on this thread.
    unsafe { libc::pthread_setschedparam(libc::pthread_self(), libc::SCHED_FIFO, &parameter) };
}
