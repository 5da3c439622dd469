//! The clocks there are, behind one conversion: from a CLOCK_REALTIME instant, which is what kernel socket stamps are, to the clock.

use crate::errors::Result;
use crate::phc_clock::PhcClock;
use crate::phc_track::Track;
use crate::realtime_clock::{RealtimeClock, Sample};
use crate::time::host_ns;
use crate::virtual_clock::VirtualClock;
use std::sync::Arc;

/// A clock at one instant.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// ns since the clock's epoch.
    pub ns: i64,
    /// Seconds of the oscillator, untouched by steering.
    pub raw: f64,
    /// What steering has added, ns.
    pub steering: f64,
    /// Command in force, ppb.
    pub frequency: f64,
    pub era: u64,
}

#[derive(Debug)]
pub enum ClockSource {
    /// Shared with the executor's thread.
    Virtual(Arc<VirtualClock>),
    Realtime(Arc<RealtimeClock>),
    Phc(Arc<PhcClock>),
}

/// Converts one batch of stamps.
pub enum Converter<'a> {
    Virtual(&'a VirtualClock),
    Realtime(Sample),
    Phc(Track),
}

impl ClockSource {
    pub fn converter(&self) -> Converter<'_> {
        match self {
            Self::Virtual(clock) => Converter::Virtual(clock),
            Self::Realtime(clock) => Converter::Realtime(clock.sample()),
            Self::Phc(clock) => Converter::Phc(clock.track()),
        }
    }

    /// A disruption that no clock of this host shows: whatever was known of it is void, as after a step.
    pub fn start_era(&self) {
        match self {
            Self::Virtual(clock) => clock.start_era(),
            Self::Realtime(clock) => clock.start_era(),
            Self::Phc(clock) => clock.start_era(),
        }
    }

    /// Now. A device that has vanished is carried on from its last reading, in a new era.
    pub fn read(&self) -> Reading {
        self.converter().at(host_ns(libc::CLOCK_REALTIME))
    }

    /// Now. Fails where a device has vanished.
    pub fn try_read(&self) -> Result<Reading> {
        match self {
            Self::Phc(clock) => clock.read(),
            Self::Realtime(clock) => Ok(clock.read()),
            Self::Virtual(_) => Ok(self.read()),
        }
    }
}

impl Converter<'_> {
    pub fn at(&self, real_ns: i64) -> Reading {
        match self {
            Self::Virtual(clock) => clock.at(real_ns),
            Self::Realtime(sample) => sample.at(real_ns),
            Self::Phc(track) => track.at(real_ns),
        }
    }
}
