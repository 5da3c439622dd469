//! A virtual clock: a simulated oscillator on top of CLOCK_REALTIME, which is the truth and the domain of kernel socket stamps, and
//! a ring of adjustments. Time t converts with the newest adjustment *not after* t, so that a stamp taken before a step is
//! converted with the state that held when it was taken.
//!
//! Everything but the phase table is integer nanoseconds: clock(t) = adjustment.clock + d + round(d · ppb), d = osc(t) − adjustment.osc,
//! and steering(t) = clock(t) − osc(t) − what that was when this handle was opened, so clock − steering advances exactly with raw time.

use std::sync::atomic::{AtomicI64, AtomicU16, AtomicU32, AtomicU64, Ordering::Relaxed};

use crate::clock_source::Reading;
use crate::errors::{Failure, Result};
use crate::oscillator::{oscillator_at, Entry};
use crate::seqlock;
use crate::time::{host_ns, seconds};
use crate::virtual_file::VirtualFile;

pub const RING: usize = 64;

/// Raw time starts here, so that stamps from just before the file's base are positive too; s.
pub const RAW_START_SECONDS: f64 = 1000.0;

/// One adjustment in the file: from oscillator time `oscillator` on, the clock counts from `clock` at 1 + ppb · 1e−9.
#[repr(C)]
#[derive(Default)]
pub struct Adjustment {
    /// ns since the file's base.
    oscillator: AtomicI64,
    /// ns since the epoch of CLOCK_REALTIME.
    clock: AtomicI64,
    /// Bits of an f64.
    ppb: AtomicU64,
    era: AtomicU64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plain {
    pub oscillator: i64,
    pub clock: i64,
    pub ppb: f64,
    pub era: u64,
}

impl Adjustment {
    fn load(&self) -> Plain {
        Plain {
            oscillator: self.oscillator.load(Relaxed),
            clock: self.clock.load(Relaxed),
            ppb: f64::from_bits(self.ppb.load(Relaxed)),
            era: self.era.load(Relaxed),
        }
    }

    fn store(&self, plain: Plain) {
        self.oscillator.store(plain.oscillator, Relaxed);
        self.clock.store(plain.clock, Relaxed);
        self.ppb.store(plain.ppb.to_bits(), Relaxed);
        self.era.store(plain.era, Relaxed);
    }
}

impl Plain {
    fn clock_at(&self, oscillator: i64) -> i64 {
        let since = oscillator.saturating_sub(self.oscillator);
        self.clock.saturating_add(since).saturating_add((since as f64 * self.ppb * 1e-9).round() as i64)
    }
}

/// The adjustments as they stand in the file's header.
#[repr(C)]
pub struct AdjustmentRing {
    generation: AtomicU16,
    _reserved: u16,
    /// Adjustments made since the initial one; the newest is in slot `count % RING`.
    count: AtomicU32,
    slots: [Adjustment; RING],
}

impl AdjustmentRing {
    pub fn new(initial: Plain) -> Self {
        let ring = Self {
            generation: AtomicU16::new(2),
            _reserved: 0,
            count: AtomicU32::new(0),
            slots: std::array::from_fn(|_| Adjustment::default()),
        };
        ring.slots[0].store(initial);
        ring
    }

    /// The newest adjustment not after `oscillator`; the oldest one kept when all are.
    fn find(&self, oscillator: i64) -> Plain {
        let search = || {
            let count = self.count.load(Relaxed);
            // One slot less than the ring has: the writer may be filling the one after the newest.
            let oldest = count.saturating_sub(RING as u32 - 2);
            let mut found = self.slots[count as usize % RING].load();
            for index in (oldest..count).rev() {
                if found.oscillator <= oscillator {
                    break;
                }
                found = self.slots[index as usize % RING].load();
            }
            found
        };
        // A writer that died at work leaves an odd generation: what it had published before still holds.
        seqlock::read(&self.generation, search).unwrap_or_else(search)
    }

    fn push(&self, adjustment: Plain) {
        seqlock::write(&self.generation, || {
            let next = self.count.load(Relaxed).wrapping_add(1);
            self.slots[next as usize % RING].store(adjustment);
            self.count.store(next, Relaxed);
        });
    }
}

/// A mapped clock file. Readers share it freely; whoever writes holds the file's lock and serialises its own threads.
#[derive(Debug)]
pub struct VirtualClock {
    file: VirtualFile,
    /// Clock − oscillator when this handle was opened, ns: where its steering counts from.
    untouched_ns: i64,
}

impl VirtualClock {
    pub fn new(file: VirtualFile) -> Self {
        let mut clock = Self { file, untouched_ns: 0 };
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
            era: adjustment.era,
        }
    }

    /// Frequency `ppb` from `real_ns` (now) on. Returns the raw time at which it took effect.
    pub fn set_frequency(&self, real_ns: i64, ppb: f64) -> f64 {
        let oscillator = self.oscillator(real_ns);
        let current = self.file.ring().find(oscillator);
        self.file.ring().push(Plain { oscillator, clock: current.clock_at(oscillator), ppb, era: current.era });
        raw_seconds(oscillator)
    }

    /// Adds `ns` to the clock at `real_ns` (now); starts a new era.
    pub fn step(&self, real_ns: i64, ns: i64) -> Result<()> {
        let oscillator = self.oscillator(real_ns);
        let current = self.file.ring().find(oscillator);
        let clock = current.clock_at(oscillator).checked_add(ns).filter(|clock| *clock >= 0);
        let clock = clock.ok_or_else(|| Failure::argument("the step would leave the range of the clock"))?;
        self.file.ring().push(Plain { oscillator, clock, ppb: current.ppb, era: current.era + 1 });
        Ok(())
    }
}

fn raw_seconds(oscillator: i64) -> f64 {
    RAW_START_SECONDS + seconds(oscillator)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring() -> AdjustmentRing {
        AdjustmentRing::new(Plain { oscillator: 0, clock: 1_000, ppb: 0.0, era: 0 })
    }

    fn at(oscillator: i64, clock: i64, ppb: f64) -> Plain {
        Plain { oscillator, clock, ppb, era: 0 }
    }

    #[test]
    fn a_time_before_a_step_converts_with_the_state_before_it() {
        let ring = ring();
        ring.push(at(500, 1_500 + 1_000_000, 0.0));
        assert_eq!(ring.find(499).clock_at(499), 1_499);
        assert_eq!(ring.find(500).clock_at(500), 1_001_500);
    }

    #[test]
    fn times_before_the_base_use_the_initial_adjustment() {
        assert_eq!(ring().find(-5).clock_at(-5), 995);
    }

    #[test]
    fn the_newest_62_adjustments_stay_reachable_when_the_ring_wraps() {
        let ring = ring();
        for index in 1..=1_000i64 {
            ring.push(at(index * 10, index * 10, index as f64));
        }
        for index in 939..=1_000i64 {
            assert_eq!(ring.find(index * 10 + 9).ppb, index as f64);
        }
        assert_eq!(ring.find(0).ppb, 938.0);
    }

    #[test]
    fn a_frequency_change_neither_jumps_nor_runs_backwards() {
        let ring = ring();
        let mut last = i64::MIN;
        for oscillator in 0..200_000i64 {
            if oscillator % 5_000 == 4_999 {
                let current = ring.find(oscillator);
                ring.push(at(oscillator, current.clock_at(oscillator), if oscillator % 2 == 0 { 9e7 } else { -9e7 }));
            }
            let clock = ring.find(oscillator).clock_at(oscillator);
            assert!(last == i64::MIN || (0..=2).contains(&(clock - last)));
            last = clock;
        }
    }

    #[test]
    fn a_writer_that_died_at_work_does_not_block_readers() {
        let ring = ring();
        ring.push(at(10, 5_000, 0.0));
        ring.generation.store(7, Relaxed);
        assert_eq!(ring.find(10).clock_at(10), 5_000);
        ring.push(at(20, 6_000, 0.0));
        assert_eq!(ring.find(20).clock_at(20), 6_000);
        assert_eq!(ring.generation.load(Relaxed) & 1, 0);
    }
}
