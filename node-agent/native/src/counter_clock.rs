//! A clock in terms of the CPU's counter, for readers of ClockBound's layout 3: they take the time of a count and add its period times
//! the ticks since. What they get is the clock as it goes on at the frequency in force, which is what a published bound holds for.
//!
//! The period comes from two looks at the clock's oscillator, which steering does not touch, some time apart: seconds of the oscillator
//! per tick, times 1 + frequency in force. Each look takes the counter before and after, so that the error of the quotient is known and
//! not estimated: what both looks took, in ticks, by the ticks between them.

use std::sync::Arc;

use crate::clock_source::ClockSource;
use crate::clockbound_layouts::CounterTime;
use crate::counter;
use crate::time::{host_ns, NS_PER_SECOND};

/// The shortest of so many looks: one that the scheduler cuts in two is long.
const ATTEMPTS: u32 = 5;
/// Two looks are kept, and the older one is measured from: the error shrinks with the distance, while an oscillator wanders on.
const BASELINE_NS: i64 = 32 * NS_PER_SECOND;
/// Looks that lie so close say too little, s.
const SHORTEST_BASELINE: f64 = 0.01;
/// Raw time is seconds in a double: what that rounds, s.
const RAW_ROUNDING: f64 = 4e-9;
/// A period this wrong is no news, as a share of it.
const LARGEST_ERROR: f64 = 1e-3;
/// How often the kernel is asked whether it still trusts the counter.
const TRUST_NS: i64 = 10 * NS_PER_SECOND;

/// The clock and the counter at one instant.
#[derive(Clone, Copy)]
struct Look {
    /// The clock was read within `half` ticks of this one.
    counter: u64,
    half: u64,
    /// Ticks within which its oscillator was.
    spread: u64,
    ns: i64,
    /// s; the clock's own time where the frequency in force is not known.
    oscillator: f64,
    /// Frequency in force, as a share.
    frequency: f64,
    era: u64,
    at_ns: i64,
}

impl Look {
    fn take(source: &ClockSource) -> Self {
        let once = || {
            let start = counter::read();
            let converter = source.converter();
            let before = counter::read();
            let real_ns = host_ns(libc::CLOCK_REALTIME);
            let after = counter::read();
            let reading = converter.at(real_ns);
            let known = reading.frequency.is_finite();
            Self {
                counter: before + after.saturating_sub(before) / 2,
                half: after.saturating_sub(before).div_ceil(2),
                spread: after.saturating_sub(start),
                ns: reading.ns,
                oscillator: if known { reading.raw } else { reading.ns as f64 * 1e-9 },
                frequency: if known { reading.frequency * 1e-9 } else { 0.0 },
                era: reading.era,
                at_ns: host_ns(libc::CLOCK_MONOTONIC),
            }
        };
        (1..ATTEMPTS).fold(once(), |best, _| {
            let next = once();
            if next.spread < best.spread {
                next
            } else {
                best
            }
        })
    }

    /// Seconds of the oscillator per tick since `earlier`, and the share by which that may be wrong. None: they lie too close.
    fn period_since(&self, earlier: &Self) -> Option<(f64, f64)> {
        let ticks = self.counter.checked_sub(earlier.counter)? as f64;
        let seconds = self.oscillator - earlier.oscillator;
        let error = (self.spread + earlier.spread) as f64 / ticks + RAW_ROUNDING / seconds;
        (seconds >= SHORTEST_BASELINE && error <= LARGEST_ERROR).then(|| (seconds / ticks, error))
    }
}

pub struct CounterClock {
    source: Arc<ClockSource>,
    /// Looks in the era of the newest.
    older: Option<Look>,
    newer: Option<Look>,
    trusted: bool,
    asked_ns: i64,
}

/// What to tell readers of the counter, and what comes on top of the clock's own bound.
pub struct CounterClaim {
    pub time: CounterTime,
    /// Half of how long the clock's reading took, ns.
    pub more_ns: f64,
}

impl CounterClock {
    pub fn new(source: Arc<ClockSource>) -> Self {
        Self { source, older: None, newer: None, trusted: false, asked_ns: i64::MIN }
    }

    /// The clock now. None: there is no telling, because the counter is not to be trusted or was not looked at for long enough.
    pub fn look(&mut self) -> Option<CounterClaim> {
        let now_ns = host_ns(libc::CLOCK_MONOTONIC);
        if now_ns.saturating_sub(self.asked_ns) >= TRUST_NS {
            self.asked_ns = now_ns;
            self.trusted = counter::is_trusted();
        }
        if !self.trusted {
            self.forget();
            return None;
        }
        let look = Look::take(&self.source);
        // After a disruption the counter may have stood still or jumped.
        if self.newer.is_some_and(|last| last.era != look.era) {
            self.forget();
        }
        let claim = self.older.and_then(|older| claim(&look, &older));
        self.keep(look);
        claim
    }

    pub fn forget(&mut self) {
        self.older = None;
        self.newer = None;
    }

    fn keep(&mut self, look: Look) {
        let Some(newer) = self.newer else {
            self.older = Some(look);
            self.newer = Some(look);
            return;
        };
        if look.at_ns - newer.at_ns >= BASELINE_NS {
            self.older = Some(newer);
            self.newer = Some(look);
        }
    }
}

fn claim(look: &Look, older: &Look) -> Option<CounterClaim> {
    let (seconds, period_error) = look.period_since(older)?;
    let period = seconds * (1.0 + look.frequency);
    let time = CounterTime { counter: look.counter, ns: look.ns, period, period_error };
    Some(CounterClaim { time, more_ns: look.half as f64 * period * 1e9 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steerable::Steerable;
    use crate::virtual_clock::VirtualClock;
    use crate::virtual_file::tests::Scratch;
    use crate::virtual_file::VirtualFile;

    fn open(scratch: &Scratch) -> (Arc<VirtualClock>, CounterClock) {
        let clock = Arc::new(VirtualClock::new(VirtualFile::open(&scratch.0, true).unwrap().0));
        (Arc::clone(&clock), CounterClock::new(Arc::new(ClockSource::Virtual(clock))))
    }

    #[test]
    fn a_projection_of_the_counter_stays_within_its_stated_error_of_the_clock() {
        if !counter::is_trusted() {
            return;
        }
        let scratch = Scratch::new("counter", 123_456, 40_000.0);
        let (clock, mut counter_clock) = open(&scratch);
        clock.set_frequency(-70_000.0).unwrap();
        assert!(counter_clock.look().is_none());
        std::thread::sleep(std::time::Duration::from_millis(200));
        let CounterClaim { time, more_ns } = counter_clock.look().unwrap();
        assert!(time.period_error < 2e-4 && more_ns < 1e5, "{} {more_ns}", time.period_error);
        std::thread::sleep(std::time::Duration::from_millis(300));
        let before = counter::read();
        let ns = clock.at(host_ns(libc::CLOCK_REALTIME)).ns;
        let after = counter::read();
        let projected = |count: u64| (count - time.counter) as f64 * time.period * 1e9;
        let allowed = more_ns + projected(after) * time.period_error + 2.0;
        let shown = (ns - time.ns) as f64;
        assert!(projected(before) - allowed <= shown && shown <= projected(after) + allowed);
    }

    #[test]
    fn a_new_era_is_looked_at_anew() {
        if !counter::is_trusted() {
            return;
        }
        let scratch = Scratch::new("counter-era", 0, 0.0);
        let (clock, mut counter_clock) = open(&scratch);
        counter_clock.look();
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert!(counter_clock.look().is_some());
        clock.step(1_000).unwrap();
        assert!(counter_clock.look().is_none());
    }
}
