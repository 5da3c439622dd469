//! The adjustments made to a virtual clock, as they stand in its file: a ring that readers in any process search for the newest one
//! *not after* their time.

use std::sync::atomic::{
    AtomicI64, AtomicU16, AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use std::time::Duration;

use crate::errors::Result;
use crate::futex;
use crate::seqlock;

const RING: usize = 64;
const WRITER_ATTEMPTS: u32 = 2_000;
const WRITER_PAUSE: Duration = Duration::from_micros(50);

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
    pub fn clock_at(&self, oscillator: i64) -> i64 {
        let since = oscillator.saturating_sub(self.oscillator);
        self.clock.saturating_add(since).saturating_add((since as f64 * self.ppb * 1e-9).round() as i64)
    }
}

/// The adjustments as they stand in the file's header.
#[repr(C)]
pub struct AdjustmentRing {
    generation: AtomicU16,
    /// 1 while somebody writes: the owner, or a lab that disturbs the clock from another process.
    writing: AtomicU16,
    /// Adjustments made since the initial one; the newest is in slot `count % RING`.
    count: AtomicU32,
    slots: [Adjustment; RING],
}

impl AdjustmentRing {
    pub fn new(initial: Plain) -> Self {
        let ring = Self {
            generation: AtomicU16::new(2),
            writing: AtomicU16::new(0),
            count: AtomicU32::new(0),
            slots: std::array::from_fn(|_| Adjustment::default()),
        };
        ring.slots[0].store(initial);
        ring
    }

    /// The newest adjustment not after `oscillator`; the oldest one kept when all are.
    pub fn find(&self, oscillator: i64) -> Plain {
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

    /// Adds what `change` makes of the newest adjustment, both as of `oscillator`, or of the newest one's time where another writer was
    /// quicker. Returns the oscillator time at which it took effect.
    pub fn adjust(&self, oscillator: i64, change: impl FnOnce(Plain) -> Result<Plain>) -> Result<i64> {
        let _writing = Writing::begin(&self.writing);
        let newest = self.slots[self.count.load(Relaxed) as usize % RING].load();
        let oscillator = oscillator.max(newest.oscillator);
        let adjustment = change(Plain { oscillator, clock: newest.clock_at(oscillator), ..newest })?;
        self.push(adjustment);
        Ok(oscillator)
    }

    fn push(&self, adjustment: Plain) {
        seqlock::write(&self.generation, || {
            let next = self.count.load(Relaxed).wrapping_add(1);
            self.slots[next as usize % RING].store(adjustment);
            self.count.store(next, Relaxed);
        });
        futex::wake(&self.count);
    }

    /// Changes with every adjustment; whoever waits for that is woken.
    pub fn changes(&self) -> &AtomicU32 {
        &self.count
    }

    /// Of the newest adjustment.
    pub fn era(&self) -> u64 {
        self.find(i64::MAX).era
    }
}

/// The writers' lock, held below 1 µs.
struct Writing<'a>(&'a AtomicU16);

impl<'a> Writing<'a> {
    fn begin(flag: &'a AtomicU16) -> Self {
        // Whoever holds it for longer has died at work; what it had published before still holds.
        for _ in 0..WRITER_ATTEMPTS {
            if flag.compare_exchange(0, 1, Acquire, Relaxed).is_ok() {
                break;
            }
            std::thread::sleep(WRITER_PAUSE);
        }
        Self(flag)
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.store(0, Release);
    }
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
    fn two_writers_lose_no_adjustment_of_each_other() {
        let ring = ring();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..5_000 {
                        ring.adjust(10, |now| Ok(Plain { clock: now.clock + 1, era: now.era + 1, ..now })).unwrap();
                    }
                });
            }
        });
        assert_eq!(ring.find(10), Plain { oscillator: 10, clock: 1_010 + 10_000, ppb: 0.0, era: 10_000 });
    }

    #[test]
    fn a_writer_that_comes_late_adjusts_from_the_newest_on() {
        let ring = ring();
        ring.adjust(500, |now| Ok(Plain { clock: now.clock + 7, ..now })).unwrap();
        assert_eq!(ring.adjust(400, |now| Ok(Plain { ppb: 3.0, ..now })).unwrap(), 500);
        assert_eq!(ring.find(500), Plain { oscillator: 500, clock: 1_507, ppb: 3.0, era: 0 });
    }

    #[test]
    fn a_writer_that_died_at_work_does_not_block_writers() {
        let ring = ring();
        ring.writing.store(1, Relaxed);
        ring.adjust(10, |now| Ok(Plain { ppb: 1.0, ..now })).unwrap();
        assert_eq!(ring.find(10).ppb, 1.0);
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
