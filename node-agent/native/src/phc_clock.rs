//! A PTP hardware clock, read and steered. Its oscillator's own time cannot be read: raw time is what the clock shows less what steering
//! has added, where steering is the frequency in force, integrated: exact for what we command, in integer nanoseconds. Where somebody
//! else changes it between two looks, raw time goes on at the oscillator's rate against CLOCK_MONOTONIC_RAW as measured before.
//!
//! The kernel tells the frequency that the driver was *asked* for; drivers round it to what their registers hold and do not say so. That
//! remainder (up to 119 ppb with old ones) is seen as a slightly different oscillator.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock_source::Reading;
use crate::errors::{Failure, Result};
use crate::kernel_adjust;
use crate::kernel_lock::KernelLock;
use crate::layout::offset_sample as at;
use crate::phc_device::PhcDevice;
use crate::phc_offset::{raw_at, sample_offset, Method};
use crate::phc_track::{Look, Track};
use crate::steerable::Steerable;
use crate::time::{host_ns, realtime_minus, seconds, split};

/// Reads of the device for one look; the narrowest counts.
const LOOKS: u32 = 2;

#[derive(Debug)]
pub struct PhcClock {
    device: PhcDevice,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    track: Track,
    best: Method,
}

impl PhcClock {
    /// Reads it once. With `steer` also the right to steer it: EACCES where the device may only be read.
    pub fn open(path: &str, steer: bool) -> Result<(Self, Option<KernelLock>)> {
        let device = PhcDevice::open(path, steer)?;
        if steer && device.max_adjustment_ppb <= 0.0 {
            return Err(Failure::not_steerable(format!("the frequency of {path} cannot be adjusted")));
        }
        let lock = if steer { Some(KernelLock::take(&format!("ptp{}", device.index), path)?) } else { None };
        let track = Track::new(look(&device)?, read_ppb(&device));
        Ok((Self { device, state: Mutex::new(State { track, best: Method::Precise }) }, lock))
    }

    pub fn read(&self) -> Result<Reading> {
        let mut state = self.state();
        self.follow(&mut state)?;
        let real_ns = state.track.last().real_ns;
        Ok(state.track.at(real_ns))
    }

    /// For a batch of stamps. A device that has vanished is carried on from its last look, in a new era.
    pub fn track(&self) -> Track {
        let mut state = self.state();
        if self.follow(&mut state).is_err() {
            state.track.lose();
        }
        state.track
    }

    /// The clock is not what it was although it did not jump.
    pub fn start_era(&self) {
        self.state().track.start_era();
    }

    /// See `Clock.sampleOffset`.
    pub fn sample_offset(&self, count: usize) -> Result<[f64; at::LENGTH]> {
        let mut state = self.state();
        let (sample, method) = sample_offset(&self.device, count, &mut state.best)?;
        let system_raw_ns = raw_at(sample.system_ns);
        self.follow(&mut state)?;
        let mut out = [0.0; at::LENGTH];
        let pair = |out: &mut [f64; at::LENGTH], first: usize, ns: i64| {
            let (seconds, rest) = split(ns);
            (out[first], out[first + 1]) = (seconds, f64::from(rest));
        };
        pair(&mut out, at::OFFSET_SECONDS, sample.device_ns.saturating_sub(sample.system_ns));
        pair(&mut out, at::SYSTEM_SECONDS, sample.system_ns);
        out[at::HALF_WIDTH] = sample.half_width;
        out[at::SYSTEM_RAW] = seconds(system_raw_ns);
        out[at::RAW] = seconds(state.track.raw_of(sample.device_ns));
        out[at::METHOD] = f64::from(method as u8);
        Ok(out)
    }

    fn follow(&self, state: &mut State) -> Result<()> {
        state.track.follow(look(&self.device)?, read_ppb(&self.device));
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves it whole: each change is one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// NaN where the kernel does not let a file that is only read ask.
fn read_ppb(device: &PhcDevice) -> f64 {
    kernel_adjust::read(device.clock, &device.path).map_or(f64::NAN, |now| kernel_adjust::phc_ppb(&now))
}

fn look(device: &PhcDevice) -> Result<Look> {
    let mut best: Option<Look> = None;
    for _ in 0..LOOKS {
        let before = host_ns(libc::CLOCK_MONOTONIC_RAW);
        let device_ns = device.read()?;
        let width_ns = host_ns(libc::CLOCK_MONOTONIC_RAW) - before;
        if best.is_none_or(|look| width_ns < look.width_ns) {
            best = Some(Look { device_ns, monotonic_ns: before + width_ns / 2, real_ns: 0, width_ns });
        }
    }
    let look = best.ok_or_else(|| Failure::system(libc::EAGAIN, "clock_gettime", &device.path))?;
    Ok(Look { real_ns: look.monotonic_ns.saturating_add(realtime_minus(libc::CLOCK_MONOTONIC_RAW).0), ..look })
}

impl Steerable for PhcClock {
    fn raw_now(&self) -> Result<f64> {
        Ok(seconds(self.state().track.raw_of(self.device.read()?)))
    }

    fn set_frequency(&self, ppb: f64) -> Result<f64> {
        let most = self.device.max_adjustment_ppb;
        if ppb.abs() > most {
            return Err(Failure::system(libc::ERANGE, "clock_adjtime", &format!("{} takes ±{most} ppb", self.device.path)));
        }
        let mut state = self.state();
        self.follow(&mut state)?;
        kernel_adjust::set_phc_ppb(self.device.clock, ppb, &self.device.path)?;
        let read = read_ppb(&self.device);
        Ok(seconds(state.track.set_frequency(if read.is_finite() { read } else { ppb })))
    }

    fn frequency(&self) -> f64 {
        read_ppb(&self.device)
    }

    fn step(&self, ns: i64) -> Result<()> {
        let mut state = self.state();
        self.follow(&mut state)?;
        kernel_adjust::step(self.device.clock, ns, &self.device.path)?;
        state.track.step(ns);
        Ok(())
    }
}
