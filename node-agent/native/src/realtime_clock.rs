//! CLOCK_REALTIME. Raw time is CLOCK_MONOTONIC_RAW; steering is what drifted in between, whoever steered: that needs no record of our
//! own commands and stays true when others adjust the clock too.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock_source::Reading;
use crate::errors::Result;
use crate::kernel_adjust;
use crate::kernel_lock::KernelLock;
use crate::kernel_status::KernelStatus;
use crate::steerable::Steerable;
use crate::steered_history::{Anchor, Change, History};
use crate::time::{host_ns, realtime_minus, seconds};

/// Stamps of a batch are converted with the frequency as it was read so long ago at most, ns: asking is half of what a look costs.
const FRESH_NS: i64 = 20_000_000;
/// What two sandwiches may differ by without a step, beyond their widths, ns.
const STEP_THRESHOLD_NS: i64 = 1_000;
pub const URI: &str = "realtime:";

#[derive(Debug)]
pub struct RealtimeClock {
    /// CLOCK_REALTIME − CLOCK_MONOTONIC_RAW at the first reading, ns.
    first_ns: i64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// CLOCK_REALTIME − CLOCK_MONOTONIC at the last look, ns. Both are slewed alike, so only a step changes it.
    monotonic_ns: i64,
    era: u64,
    /// Shared with samples, and copied when it changes under one.
    history: Arc<History>,
    /// Nothing else of the kernel steers it any more.
    taken_over: bool,
    /// Frequency as last read, ppb (NaN: it cannot be read), and CLOCK_MONOTONIC_RAW then, ns.
    ppb: f64,
    ppb_read_ns: i64,
}

impl State {
    /// A step by anybody else starts a new era.
    fn look_for_step(&mut self) {
        let (monotonic_ns, width) = realtime_minus(libc::CLOCK_MONOTONIC);
        if width == i64::MAX {
            return;
        }
        if (monotonic_ns - self.monotonic_ns).abs() > width.saturating_mul(2).saturating_add(STEP_THRESHOLD_NS) {
            self.era += 1;
        }
        self.monotonic_ns = monotonic_ns;
    }

    fn read_ppb(&mut self, raw_ns: i64) -> f64 {
        self.ppb = kernel_adjust::read(libc::CLOCK_REALTIME, URI).map_or(f64::NAN, |now| kernel_adjust::realtime_ppb(&now));
        self.ppb_read_ns = raw_ns;
        self.ppb
    }

    fn take_over(&mut self) -> Result<()> {
        if !self.taken_over {
            kernel_adjust::end_other_steering(URI)?;
            self.taken_over = true;
        }
        Ok(())
    }
}

impl RealtimeClock {
    pub fn open() -> Self {
        let (first_ns, _) = realtime_minus(libc::CLOCK_MONOTONIC_RAW);
        let (monotonic_ns, _) = realtime_minus(libc::CLOCK_MONOTONIC);
        let state =
            State { monotonic_ns, era: 0, history: Arc::default(), taken_over: false, ppb: f64::NAN, ppb_read_ns: i64::MIN };
        Self { first_ns, state: Mutex::new(state) }
    }

    /// The right to steer it. Changes nothing yet: whatever steers it goes on until our first command. EPERM without CAP_SYS_TIME.
    pub fn claim() -> Result<KernelLock> {
        kernel_adjust::demand_right("realtime: can only be read without CAP_SYS_TIME")?;
        KernelLock::take("realtime", URI)
    }

    /// One look for a whole batch of stamps.
    pub fn sample(&self) -> Sample {
        self.look(FRESH_NS)
    }

    /// One look, with the frequency as it is now.
    pub fn read(&self) -> Reading {
        let sample = self.look(0);
        sample.at(sample.anchor.real_ns)
    }

    fn look(&self, fresh_ns: i64) -> Sample {
        let mut state = self.state();
        state.look_for_step();
        let anchor = anchor_now();
        let is_fresh = anchor.raw_ns.saturating_sub(state.ppb_read_ns) < fresh_ns;
        let ppb = if is_fresh { state.ppb } else { state.read_ppb(anchor.raw_ns) };
        // A kernel or a sandbox that does not let us ask: as good as at rest for the age of a stamp.
        let anchor = Anchor { ppb: if ppb.is_finite() { ppb } else { 0.0 }, ..anchor };
        Sample { first_ns: self.first_ns, anchor, ppb, era: state.era, history: Arc::clone(&state.history) }
    }

    /// The clock is not what it was although nobody stepped it.
    pub fn start_era(&self) {
        self.state().era += 1;
    }

    pub fn set_status(&self, status: &KernelStatus) -> Result<()> {
        self.state().take_over()?;
        status.set(URI)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves it whole: each change is one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn anchor_now() -> Anchor {
    let (raw_offset_ns, _) = realtime_minus(libc::CLOCK_MONOTONIC_RAW);
    let real_ns = host_ns(libc::CLOCK_REALTIME);
    Anchor { real_ns, raw_ns: real_ns.saturating_sub(raw_offset_ns), ppb: 0.0 }
}

impl Steerable for RealtimeClock {
    fn raw_now(&self) -> Result<f64> {
        Ok(seconds(host_ns(libc::CLOCK_MONOTONIC_RAW)))
    }

    fn set_frequency(&self, ppb: f64) -> Result<f64> {
        let mut state = self.state();
        state.take_over()?;
        let ppb_before = kernel_adjust::realtime_ppb(&kernel_adjust::read(libc::CLOCK_REALTIME, URI)?);
        let Anchor { real_ns, raw_ns, .. } = anchor_now();
        kernel_adjust::set_realtime_ppb(ppb, URI)?;
        state.read_ppb(raw_ns);
        Arc::make_mut(&mut state.history).note(Change { before_ns: real_ns, after_ns: real_ns, raw_ns, ppb_before });
        Ok(seconds(raw_ns))
    }

    fn frequency(&self) -> f64 {
        kernel_adjust::read(libc::CLOCK_REALTIME, URI).map_or(f64::NAN, |change| kernel_adjust::realtime_ppb(&change))
    }

    fn step(&self, ns: i64) -> Result<()> {
        let mut state = self.state();
        state.take_over()?;
        state.look_for_step();
        let ppb_before = kernel_adjust::realtime_ppb(&kernel_adjust::read(libc::CLOCK_REALTIME, URI)?);
        let Anchor { real_ns, raw_ns, .. } = anchor_now();
        kernel_adjust::step(libc::CLOCK_REALTIME, ns, URI)?;
        Arc::make_mut(&mut state.history).note(Change {
            before_ns: real_ns,
            after_ns: real_ns.saturating_add(ns),
            raw_ns,
            ppb_before,
        });
        // Exact, so that the next look finds nothing new.
        state.monotonic_ns = state.monotonic_ns.saturating_add(ns);
        state.era += 1;
        Ok(())
    }
}

#[derive(Debug)]
pub struct Sample {
    first_ns: i64,
    anchor: Anchor,
    /// In force now, ppb; NaN: it cannot be read.
    ppb: f64,
    era: u64,
    history: Arc<History>,
}

impl Sample {
    pub fn at(&self, real_ns: i64) -> Reading {
        let raw_ns = self.history.raw_at(real_ns, self.anchor);
        Reading {
            ns: real_ns,
            raw: seconds(raw_ns),
            steering: real_ns.saturating_sub(raw_ns).saturating_sub(self.first_ns) as f64,
            frequency: self.ppb,
            era: self.era,
        }
    }
}
