//! The one writer of a page: what JavaScript states becomes what the readers of the page's layout expect.

use std::sync::Arc;

use crate::clock_source::ClockSource;
use crate::clockbound_layouts::{CounterTime, Page1, Page3, Plain};
use crate::counter_clock::CounterClock;
use crate::errors::{Failure, Result};
use crate::page_file::PageFile;
use crate::page_layout::{Page, CLOCKBOUND_BYTES};
use crate::page_state::{Claim, PageState, STATUS_DISRUPTED};
use crate::time::{host_ns, NS_PER_SECOND};

/// For so long after `as_of` ClockBound's clients 1.x and 2.x believe a page's status, whatever `void_after` says.
const GRACE_NS: i64 = 5 * NS_PER_SECOND;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Layout {
    Meridian,
    ClockBound1,
    ClockBound2,
    ClockBound3,
}

impl Layout {
    pub fn read(name: &str) -> Result<Self> {
        match name {
            "meridian" => Ok(Self::Meridian),
            "clockbound1" => Ok(Self::ClockBound1),
            "clockbound2" => Ok(Self::ClockBound2),
            "clockbound3" => Ok(Self::ClockBound3),
            other => Err(Failure::argument(format!("layout is {other}, not meridian, clockbound1, clockbound2 or clockbound3"))),
        }
    }
}

/// Whose errors a page states.
pub struct Subject {
    pub clock: Arc<ClockSource>,
    /// What others may do to the clock's frequency unannounced, ppb.
    pub steering_ppb: f64,
}

pub struct PageWriter {
    file: PageFile,
    layout: Layout,
    subject: Option<Subject>,
    counter: Option<CounterClock>,
    era: u64,
}

impl PageWriter {
    pub fn open(path: &str, layout: Layout, subject: Option<Subject>) -> Result<Self> {
        let counter = match &subject {
            Some(subject) if layout == Layout::ClockBound3 => Some(CounterClock::new(Arc::clone(&subject.clock))),
            _ => None,
        };
        Ok(Self { file: PageFile::open(path)?, layout, subject, counter, era: 0 })
    }

    /// What was stated for an earlier era of the clock is void: somebody has stepped it since.
    pub fn publish(&mut self, state: &PageState) -> Result<()> {
        let outdated = self.subject.as_ref().is_some_and(|subject| subject.clock.read().era != state.era);
        self.era = state.era;
        if outdated {
            self.write(&PageState::void(STATUS_DISRUPTED, state.era))
        } else {
            self.write(state)
        }
    }

    /// The clock is no longer what was said of it.
    pub fn disrupt(&mut self) -> Result<()> {
        self.era += 1;
        if let Some(counter) = &mut self.counter {
            counter.forget();
        }
        self.write(&PageState::void(STATUS_DISRUPTED, self.era))
    }

    fn write(&mut self, state: &PageState) -> Result<()> {
        match self.layout {
            Layout::ClockBound3 => self.write_counted(state),
            layout => self.file.write(|generation, put| {
                let claim = state.claim(0.0, 0.0);
                let (as_of_ns, void_after_ns) = life(&claim, host_ns(libc::CLOCK_MONOTONIC_COARSE));
                if layout == Layout::ClockBound1 {
                    return put(Page1::new(&claim, as_of_ns, void_after_ns, generation).octets());
                }
                let page = Page::new(&claim, as_of_ns, void_after_ns, generation);
                if layout == Layout::ClockBound2 {
                    return put(&page.octets()[..CLOCKBOUND_BYTES]);
                }
                page.extend(state, host_ns(libc::CLOCK_MONOTONIC));
                put(page.octets())
            }),
        }
    }

    /// Where time cannot be read from the counter the page says so.
    fn write_counted(&mut self, state: &PageState) -> Result<()> {
        let looked = self.counter.as_mut().and_then(CounterClock::look);
        let steering_ppb = self.subject.as_ref().map_or(0.0, |subject| subject.steering_ppb);
        let (claim, time) = match looked {
            Some(looked) => (state.claim(looked.more_ns + COUNTERS_ROUNDING_NS, steering_ppb), looked.time),
            None => (
                PageState::void(state.status, state.era).claim(0.0, 0.0),
                CounterTime { ns: host_ns(libc::CLOCK_REALTIME), ..CounterTime::default() },
            ),
        };
        self.file.write(|generation, put| put(Page3::new(&claim, &time, generation).octets()))
    }
}

/// What a reader of the counter truncates beside the bound, ns.
const COUNTERS_ROUNDING_NS: f64 = 2.0;

/// `as_of` and `void_after`. A life below the grace period begins earlier, so that it ends when it should: the bound that readers grow
/// from there on is the looser for it.
fn life(claim: &Claim, now_ns: i64) -> (i64, i64) {
    let void_after_ns = now_ns + claim.life_ns;
    let as_of_ns = if claim.life_ns == 0 { now_ns } else { now_ns.min(void_after_ns - GRACE_NS) };
    (as_of_ns.max(0), void_after_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_below_the_grace_period_ends_when_it_should() {
        let claim = |life_ns| Claim { bound_ns: 1, max_drift_ppb: 1, status: 1, life_ns, marker: 0 };
        let now = 100 * NS_PER_SECOND;
        assert_eq!(life(&claim(8 * NS_PER_SECOND), now), (now, 108 * NS_PER_SECOND));
        assert_eq!(life(&claim(NS_PER_SECOND), now), (96 * NS_PER_SECOND, 101 * NS_PER_SECOND));
        assert_eq!(life(&claim(0), now), (now, now));
    }
}
