//! Ends slews. A frequency command says what holds now and what holds from a raw time on; the second half is executed by a native
//! thread, because a slew that goes on while JavaScript is stalled (garbage collection, a debugger, a busy loop) would carry the
//! clock away without limit.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::errors::Result;
use crate::steerable::Steerable;
use crate::thread::spawn;

/// The end of a slew that a clock refused (a busy driver) is tried again after so long, then less and less often.
const FIRST_RETRY: Duration = Duration::from_millis(2);
const LAST_RETRY: Duration = Duration::from_secs(1);

/// Raw seconds that pass in a second of CLOCK_MONOTONIC at most: twice the limit of a clock's frequency.
const FASTEST_RAW: f64 = 1.2;

#[derive(Clone, Copy)]
struct Pending {
    until_raw: f64,
    then_ppb: f64,
    /// As the clock said right after the slew began, ppb; NaN: it could not be read.
    in_force: f64,
}

impl Pending {
    /// Sets the frequency that was to follow, unless the slew is no longer in force: then somebody else has set another one, and a clock
    /// has one writer. A clock that does not say what is in force is taken for ours.
    fn end(&self, clock: &dyn Steerable) -> Result<()> {
        let now = clock.frequency();
        if now.is_finite() && self.in_force.is_finite() && now != self.in_force {
            return Ok(());
        }
        clock.set_frequency(self.then_ppb).map(drop)
    }
}

struct State {
    pending: Option<Pending>,
    /// Raw time by which the thread looks again by itself, at the latest; infinite while it has nothing to wait for.
    looks_at: f64,
    stop: bool,
}

impl Default for State {
    fn default() -> Self {
        Self { pending: None, looks_at: f64::INFINITY, stop: false }
    }
}

struct Shared {
    clock: Arc<dyn Steerable>,
    /// Also serialises everything that writes the clock.
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the state as it was: each change is one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one writer of a steerable clock. Dropping it ends an unfinished slew at once, with the frequency that was to follow.
pub struct Executor {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Executor {
    pub fn start(clock: Arc<dyn Steerable>) -> Result<Self> {
        let shared = Arc::new(Shared { clock, state: Mutex::default(), changed: Condvar::new() });
        let run = Arc::clone(&shared);
        // After a panic the next command still takes effect, on the caller's thread.
        let thread = spawn("mer-executor", move || {
            run_until_stopped(&run);
            Ok(())
        })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// See `Clock.command`. Returns the raw time at which `ppb` took effect, or `then_ppb` when `until_raw` had passed already. After a
    /// failure an earlier slew still ends as it was to.
    pub fn command(&self, ppb: f64, until_raw: f64, then_ppb: f64) -> Result<f64> {
        let mut state = self.shared.lock();
        let clock = &self.shared.clock;
        if clock.raw_now()? >= until_raw {
            let raw = clock.set_frequency(then_ppb)?;
            state.pending = None;
            return Ok(raw);
        }
        let raw = clock.set_frequency(ppb)?;
        state.pending = Some(Pending { until_raw, then_ppb, in_force: clock.frequency() });
        // Commands come with every packet and each replaces an unfinished one: the thread is woken only when it would come too late,
        // since two switches of threads cost more than all the rest of a command.
        if until_raw < state.looks_at {
            self.shared.changed.notify_one();
        }
        Ok(raw)
    }

    pub fn step(&self, ns: i64) -> Result<()> {
        let _writer = self.shared.lock();
        self.shared.clock.step(ns)
    }
}

fn run_until_stopped(shared: &Shared) {
    // SAFETY: prctl with these arguments takes no memory. 1 ns instead of 50 µs: a late end of a slew is an error of the clock.
    unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1, 0, 0, 0) };
    let mut state = shared.lock();
    let mut retry = FIRST_RETRY;
    while !state.stop {
        let Some(pending) = state.pending else {
            state.looks_at = f64::INFINITY;
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        let wait = match advance(shared.clock.as_ref(), pending) {
            Ok(Advance::Ended) => {
                state.pending = None;
                retry = FIRST_RETRY;
                continue;
            }
            Ok(Advance::Wait { wait, looks_at }) => {
                state.looks_at = looks_at;
                wait
            }
            Err(_) => {
                state.looks_at = f64::INFINITY;
                retry = (retry * 2).min(LAST_RETRY);
                retry
            }
        };
        state = shared.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
    }
}

enum Advance {
    Ended,
    Wait {
        wait: Duration,
        /// Raw time by which that has passed.
        looks_at: f64,
    },
}

/// Ends the slew if its time has come.
fn advance(clock: &dyn Steerable, pending: Pending) -> Result<Advance> {
    let now = clock.raw_now()?;
    let remaining = pending.until_raw - now;
    if remaining <= 0.0 {
        pending.end(clock)?;
        return Ok(Advance::Ended);
    }
    // Waits are in CLOCK_MONOTONIC, which runs at another rate than raw time: come near first, and look again every minute.
    let seconds = if remaining > 0.01 { remaining * 0.9 } else { remaining };
    let wait = Duration::from_secs_f64(seconds.min(60.0));
    Ok(Advance::Wait { wait, looks_at: now + wait.as_secs_f64() * FASTEST_RAW })
}

impl Drop for Executor {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.stop = true;
        if let Some(pending) = state.pending.take() {
            // A clock that refuses now has gone, or is somebody else's.
            let _ = pending.end(self.shared.clock.as_ref());
        }
        drop(state);
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was contained and reported there.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::host_ns;
    use crate::virtual_clock::VirtualClock;
    use crate::virtual_file::tests::Scratch;
    use crate::virtual_file::VirtualFile;
    use std::sync::atomic::Ordering::Relaxed;

    fn open(scratch: &Scratch) -> Arc<VirtualClock> {
        Arc::new(VirtualClock::new(VirtualFile::open(&scratch.0, true).unwrap().0))
    }

    fn frequency(clock: &VirtualClock) -> f64 {
        clock.at(host_ns(libc::CLOCK_REALTIME)).frequency
    }

    #[test]
    fn a_slew_ends_by_itself_and_not_early() {
        let scratch = Scratch::new("ends", 0, 0.0);
        let clock = open(&scratch);
        let executor = Executor::start(clock.clone()).unwrap();
        let raw = clock.at(host_ns(libc::CLOCK_REALTIME)).raw;
        executor.command(100_000.0, raw + 0.05, 25.0).unwrap();
        assert_eq!(frequency(&clock), 100_000.0);
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(frequency(&clock), 25.0);
        // 50 ms at 100 ppm are 5 µs.
        assert!(clock.at(host_ns(libc::CLOCK_REALTIME)).steering >= 5_000.0);
    }

    #[test]
    fn a_newer_command_replaces_an_unfinished_one() {
        let scratch = Scratch::new("newer", 0, 0.0);
        let clock = open(&scratch);
        let executor = Executor::start(clock.clone()).unwrap();
        let raw = clock.at(host_ns(libc::CLOCK_REALTIME)).raw;
        executor.command(500.0, raw + 0.05, 1.0).unwrap();
        executor.command(700.0, raw + 1_000.0, 2.0).unwrap();
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(frequency(&clock), 700.0);
        executor.command(800.0, raw - 1.0, 3.0).unwrap();
        assert_eq!(frequency(&clock), 3.0);
    }

    #[test]
    fn a_newer_command_that_ends_sooner_is_not_waited_out() {
        let scratch = Scratch::new("sooner", 0, 0.0);
        let clock = open(&scratch);
        let executor = Executor::start(clock.clone()).unwrap();
        let raw = clock.at(host_ns(libc::CLOCK_REALTIME)).raw;
        executor.command(500.0, raw + 1_000.0, 1.0).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        executor.command(600.0, raw + 0.1, 2.0).unwrap();
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(frequency(&clock), 2.0);
    }

    #[test]
    fn a_slew_that_replaces_a_shorter_one_ends_at_its_own_time() {
        let scratch = Scratch::new("longer", 0, 0.0);
        let clock = open(&scratch);
        let executor = Executor::start(clock.clone()).unwrap();
        let raw = clock.at(host_ns(libc::CLOCK_REALTIME)).raw;
        executor.command(500.0, raw + 0.05, 1.0).unwrap();
        executor.command(600.0, raw + 0.25, 2.0).unwrap();
        std::thread::sleep(Duration::from_millis(120));
        assert_eq!(frequency(&clock), 600.0);
        std::thread::sleep(Duration::from_millis(400));
        assert_eq!(frequency(&clock), 2.0);
    }

    #[test]
    fn closing_in_the_middle_of_a_slew_leaves_the_frequency_that_was_to_follow() {
        let scratch = Scratch::new("close", 0, 0.0);
        let clock = open(&scratch);
        let executor = Executor::start(clock.clone()).unwrap();
        executor.command(500.0, 1e12, 42.0).unwrap();
        drop(executor);
        assert_eq!(frequency(&clock), 42.0);
    }

    #[test]
    fn a_slew_that_somebody_else_has_ended_is_not_ended_again() {
        let scratch = Scratch::new("strange", 0, 0.0);
        let clock = open(&scratch);
        let executor = Executor::start(clock.clone()).unwrap();
        let raw = clock.at(host_ns(libc::CLOCK_REALTIME)).raw;
        executor.command(500.0, raw + 0.05, 1.0).unwrap();
        clock.set_frequency(70_000.0).unwrap();
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(frequency(&clock), 70_000.0);
        executor.command(500.0, 1e12, 1.0).unwrap();
        clock.set_frequency(80_000.0).unwrap();
        drop(executor);
        assert_eq!(frequency(&clock), 80_000.0);
    }

    /// A clock that refuses its next changes.
    struct Refusing {
        raw: std::time::Instant,
        refusals: std::sync::atomic::AtomicU32,
        frequency: Mutex<f64>,
    }

    impl Steerable for Refusing {
        fn raw_now(&self) -> Result<f64> {
            Ok(self.raw.elapsed().as_secs_f64())
        }
        fn set_frequency(&self, ppb: f64) -> Result<f64> {
            if self.refusals.load(Relaxed) > 0 {
                self.refusals.fetch_sub(1, Relaxed);
                return Err(crate::errors::Failure::system(libc::EBUSY, "clock_adjtime", "test"));
            }
            *self.frequency.lock().unwrap() = ppb;
            self.raw_now()
        }
        fn frequency(&self) -> f64 {
            *self.frequency.lock().unwrap()
        }
        fn step(&self, _ns: i64) -> Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_end_of_a_slew_that_the_clock_refuses_is_tried_again() {
        let clock = Arc::new(Refusing { raw: std::time::Instant::now(), refusals: 0.into(), frequency: 0.0.into() });
        let executor = Executor::start(clock.clone()).unwrap();
        executor.command(500.0, clock.raw_now().unwrap() + 0.02, 7.0).unwrap();
        clock.refusals.store(3, Relaxed);
        std::thread::sleep(Duration::from_millis(400));
        assert_eq!(*clock.frequency.lock().unwrap(), 7.0);
        assert_eq!(clock.refusals.load(Relaxed), 0);
    }

    #[test]
    fn a_command_that_the_clock_refuses_leaves_the_earlier_slew_to_end() {
        let clock = Arc::new(Refusing { raw: std::time::Instant::now(), refusals: 0.into(), frequency: 0.0.into() });
        let executor = Executor::start(clock.clone()).unwrap();
        executor.command(500.0, clock.raw_now().unwrap() + 0.05, 7.0).unwrap();
        clock.refusals.store(1, Relaxed);
        assert!(executor.command(900.0, 1e9, 8.0).is_err());
        std::thread::sleep(Duration::from_millis(400));
        assert_eq!(*clock.frequency.lock().unwrap(), 7.0);
    }
}
