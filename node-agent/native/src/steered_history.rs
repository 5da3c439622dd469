//! What CLOCK_REALTIME was told lately, so that a stamp from before a command or a step of ours converts with what held when it was
//! taken. Stamps wait in sockets for up to seconds; at 100 ppm that is 100 µs of raw time.

/// Changes that are kept: a command and the end of its slew for each packet, at 8 packets a second for 4 s.
const KEPT: usize = 64;

/// A change of the clock: until then it ran at `ppb_before`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Change {
    /// CLOCK_REALTIME, ns, just before and just after. They differ for a step.
    pub before_ns: i64,
    pub after_ns: i64,
    /// CLOCK_MONOTONIC_RAW then, ns.
    pub raw_ns: i64,
    pub ppb_before: f64,
}

/// An instant on both clocks, and the rate that CLOCK_REALTIME has had since the newest change.
#[derive(Clone, Copy, Debug)]
pub struct Anchor {
    pub real_ns: i64,
    pub raw_ns: i64,
    pub ppb: f64,
}

#[derive(Clone, Copy, Debug)]
pub struct History {
    changes: [Change; KEPT],
    /// Changes noted so far; the newest is in `(count − 1) % KEPT`.
    count: usize,
}

impl Default for History {
    fn default() -> Self {
        Self { changes: [Change::default(); KEPT], count: 0 }
    }
}

impl History {
    pub fn note(&mut self, change: Change) {
        self.changes[self.count % KEPT] = change;
        self.count += 1;
    }

    /// CLOCK_MONOTONIC_RAW when CLOCK_REALTIME showed `real_ns`, ns. A time that it showed twice, because it was stepped back, is the
    /// later of both.
    pub fn raw_at(&self, real_ns: i64, now: Anchor) -> i64 {
        let mut anchor = now;
        for index in (self.count.saturating_sub(KEPT)..self.count).rev() {
            let change = &self.changes[index % KEPT];
            if real_ns >= change.after_ns {
                break;
            }
            anchor = Anchor { real_ns: change.before_ns, raw_ns: change.raw_ns, ppb: change.ppb_before };
        }
        let since = real_ns.saturating_sub(anchor.real_ns);
        let rate = anchor.ppb * 1e-9;
        anchor.raw_ns.saturating_add(since).saturating_sub((since as f64 * (rate / (1.0 + rate))).round() as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Anchor = Anchor { real_ns: 10_000_000_000, raw_ns: 5_000_000_000, ppb: 100_000.0 };

    #[test]
    fn a_stamp_goes_back_at_the_rate_that_held() {
        let mut history = History::default();
        // 1 s earlier at 100 ppm: 1 s − 99 990 ns of raw time.
        assert_eq!(history.raw_at(9_000_000_000, NOW), 4_000_099_990);
        history.note(Change { before_ns: 9_500_000_000, after_ns: 9_500_000_000, raw_ns: 4_500_000_000, ppb_before: 0.0 });
        assert_eq!(history.raw_at(9_000_000_000, NOW), 4_000_000_000);
        assert_eq!(history.raw_at(9_500_000_000, NOW), 4_500_049_995);
    }

    #[test]
    fn a_stamp_from_before_a_step_is_on_the_old_scale() {
        let mut history = History::default();
        history.note(Change { before_ns: 1_000, after_ns: 9_999_999_000, raw_ns: 4_999_999_000, ppb_before: 0.0 });
        assert_eq!(history.raw_at(400, NOW), 4_999_998_400);
        assert_eq!(history.raw_at(9_999_999_500, NOW), 4_999_999_500);
    }

    #[test]
    fn older_stamps_than_the_oldest_change_use_what_held_before_it() {
        let mut history = History::default();
        for index in 0..1_000 {
            let at = index * 1_000;
            history.note(Change { before_ns: at, after_ns: at, raw_ns: at + 7, ppb_before: 0.0 });
        }
        assert_eq!(history.raw_at(5, Anchor { real_ns: 2_000_000, raw_ns: 2_000_007, ppb: 0.0 }), 12);
    }

    #[test]
    fn wild_times_saturate() {
        let history = History::default();
        history.raw_at(i64::MIN, NOW);
        history.raw_at(i64::MAX, NOW);
    }
}
