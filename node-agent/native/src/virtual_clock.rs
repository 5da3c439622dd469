//! A virtual clock: a simulated oscillator on top of CLOCK_REALTIME, which is the truth and the domain of kernel socket stamps, and
//! a ring of adjustments. Time t converts with the newest adjustment *not after* t, so that a stamp taken before a step is
//! converted with the state that held when it was taken.
//!
//! Everything but the phase table is integer nanoseconds: clock(t) = adjustment.clock + d + round(d · ppb), d = osc(t) − adjustment.osc,
//! and steering(t) = clock(t) − osc(t) − what that was when this handle was opened, so clock − steering advances exactly with raw time.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::adjustment_ring::Plain;
use crate::clock_source::Reading;
use crate::errors::{Failure, Result};
use crate::futex;
use crate::oscillator::{oscillator_at, Entry};
use crate::steerable::Steerable;
use crate::time::{host_ns, seconds};
use crate::virtual_file::VirtualFile;

/// Raw time starts here, so that stamps from just before the file's base are positive too; s.
pub const RAW_START_SECONDS: f64 = 1000.0;

/// A mapped clock file. Readers share it freely; whoever writes holds the file's lock and serialises its own threads.
#[derive(Debug)]
pub struct VirtualClock {
    file: VirtualFile,
    /// Clock − oscillator when this handle was opened, ns: where its steering counts from.
    untouched_ns: i64,
    /// Eras that began by what shows in no file: see `start_era`.
    more_eras: AtomicU64,
}

impl VirtualClock {
    pub fn new(file: VirtualFile) -> Self {
        let mut clock = Self { file, untouched_ns: 0, more_eras: AtomicU64::new(0) };
        let oscillator = clock.oscillator(host_ns(libc::CLOCK_REALTIME));
        clock.untouched_ns = clock.file.ring().find(oscillator).clock_at(oscillator).saturating_sub(oscillator);
        clock
    }

    fn table(&self) -> &[Entry] {
        self.file.table()
    }

    /// Oscillator time at a CLOCK_REALTIME instant, ns since the file's base.
    fn oscillator(&self, real_ns: i64) -> i64 {
        oscillator_at(self.table(), real_ns.saturating_sub(self.file.base_ns()))
    }

    /// The clock's reading at a CLOCK_REALTIME instant: a kernel stamp, or now.
    pub fn at(&self, real_ns: i64) -> Reading {
        let oscillator = self.oscillator(real_ns);
        let adjustment = self.file.ring().find(oscillator);
        let ns = adjustment.clock_at(oscillator);
        Reading {
            ns,
            raw: raw_seconds(oscillator),
            steering: ns.saturating_sub(oscillator).saturating_sub(self.untouched_ns) as f64,
            frequency: adjustment.ppb,
            era: adjustment.era + self.more_eras.load(Relaxed),
        }
    }

    /// The clock is not what it was although nobody stepped it, for all who share this handle.
    pub fn start_era(&self) {
        self.more_eras.fetch_add(1, Relaxed);
    }

    /// Steps so far, by whomever.
    pub fn file_era(&self) -> u64 {
        self.file.ring().era()
    }

    /// A number that every adjustment changes.
    pub fn changes(&self) -> u32 {
        self.file.ring().changes().load(Relaxed)
    }

    /// Until it is no longer `seen`, or somebody wakes the watchers; for `patience` at most.
    pub fn await_change(&self, seen: u32, patience: Duration) {
        futex::wait(self.file.ring().changes(), seen, patience);
    }

    pub fn wake_watchers(&self) {
        futex::wake(self.file.ring().changes());
    }

    /// What another program would do to a kernel's clock: both at once, at `real_ns` (now). A step starts a new era.
    pub fn disturb(&self, real_ns: i64, step_ns: Option<i64>, ppb: Option<f64>) -> Result<()> {
        let change = |now: Plain| {
            let now = Plain { ppb: ppb.unwrap_or(now.ppb), ..now };
            step_ns.map_or(Ok(now), |ns| stepped(now, ns))
        };
        self.adjust(real_ns, change).map(drop)
    }

    /// Returns the raw time at which it took effect.
    fn adjust(&self, real_ns: i64, change: impl FnOnce(Plain) -> Result<Plain>) -> Result<f64> {
        self.file.ring().adjust(self.oscillator(real_ns), change).map(raw_seconds)
    }
}

impl Steerable for VirtualClock {
    fn raw_now(&self) -> Result<f64> {
        Ok(self.at(host_ns(libc::CLOCK_REALTIME)).raw)
    }

    fn set_frequency(&self, ppb: f64) -> Result<f64> {
        self.adjust(host_ns(libc::CLOCK_REALTIME), |now| Ok(Plain { ppb, ..now }))
    }

    fn frequency(&self) -> f64 {
        self.at(host_ns(libc::CLOCK_REALTIME)).frequency
    }

    fn step(&self, ns: i64) -> Result<()> {
        self.adjust(host_ns(libc::CLOCK_REALTIME), |now| stepped(now, ns)).map(drop)
    }
}

fn stepped(now: Plain, ns: i64) -> Result<Plain> {
    let clock = now.clock.checked_add(ns).filter(|clock| *clock >= 0);
    let clock = clock.ok_or_else(|| Failure::argument("the step would leave the range of the clock"))?;
    Ok(Plain { clock, era: now.era + 1, ..now })
}

fn raw_seconds(oscillator: i64) -> f64 {
    RAW_START_SECONDS + seconds(oscillator)
}
