//! What is known of a PTP hardware clock from look to look: its raw time, whether it jumped, and where it was at a system time.

use crate::clock_source::Reading;
use crate::time::seconds;
use crate::virtual_clock::RAW_START_SECONDS;

/// Farther from CLOCK_MONOTONIC_RAW than that no two oscillators run, ppb.
const APART_PPB: f64 = 500_000.0;
/// What two looks may differ by without a jump, beyond their widths, ns.
const JUMP_THRESHOLD_NS: f64 = 10_000.0;
/// Frequencies that differ by less are the same, ppb: the kernel counts in 0.015.
const SAME_PPB: f64 = 0.02;
/// The oscillator's rate is measured over so long, ns.
const RATE_SPAN_NS: i64 = 1_000_000_000;
const LONGEST_RATE_SPAN_NS: i64 = 64_000_000_000;
/// Looks nearer than that say little of a rate, ns.
const SHORTEST_PACE_NS: i64 = 5_000_000;

/// The device and the system's clocks at one instant, ns.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub device_ns: i64,
    /// CLOCK_MONOTONIC_RAW.
    pub monotonic_ns: i64,
    /// CLOCK_REALTIME.
    pub real_ns: i64,
    /// How long the read took; the instant is within half of it.
    pub width_ns: i64,
}

#[derive(Clone, Copy, Debug)]
pub struct Track {
    last: Look,
    /// From here on the frequency has been `ppb`, and the clock has not jumped: device and raw time, ns.
    anchor_device_ns: i64,
    anchor_raw_ns: i64,
    ppb: f64,
    /// As last read; NaN: it cannot be.
    read_ppb: f64,
    /// Device − raw time at the start, ns: where steering counts from.
    untouched_ns: i64,
    /// Raw time per CLOCK_MONOTONIC_RAW − 1, and since when it is measured.
    rate: f64,
    rate_from: (i64, i64),
    /// Device time per CLOCK_REALTIME − 1 between the last two looks.
    pace: f64,
    era: u64,
    lost: bool,
}

impl Track {
    pub fn new(first: Look, ppb: f64) -> Self {
        let raw_ns = (RAW_START_SECONDS * 1e9) as i64;
        Self {
            last: first,
            anchor_device_ns: first.device_ns,
            anchor_raw_ns: raw_ns,
            ppb: if ppb.is_finite() { ppb } else { 0.0 },
            read_ppb: ppb,
            untouched_ns: first.device_ns.saturating_sub(raw_ns),
            rate: 0.0,
            rate_from: (first.monotonic_ns, raw_ns),
            pace: 0.0,
            era: 0,
            lost: false,
        }
    }

    pub fn last(&self) -> Look {
        self.last
    }

    /// Raw time when the device shows `device_ns`, ns.
    pub fn raw_of(&self, device_ns: i64) -> i64 {
        let since = device_ns.saturating_sub(self.anchor_device_ns);
        let rate = self.ppb * 1e-9;
        self.anchor_raw_ns.saturating_add(since).saturating_sub((since as f64 * (rate / (1.0 + rate))).round() as i64)
    }

    /// A new look, and the frequency then, ppb.
    pub fn follow(&mut self, look: Look, ppb: f64) {
        let before = self.last;
        let passed = look.monotonic_ns.saturating_sub(before.monotonic_ns);
        let raw_by_rate =
            self.raw_of(before.device_ns).saturating_add(passed).saturating_add((passed as f64 * self.rate).round() as i64);
        let jumped = self.has_jumped(&look, passed, ppb);
        if jumped || (ppb.is_finite() && (ppb - self.ppb).abs() > SAME_PPB) {
            self.anchor(look.device_ns, raw_by_rate, if ppb.is_finite() { ppb } else { self.ppb });
        } else {
            self.measure_rate(look);
        }
        if jumped {
            self.era += 1;
        }
        let real_passed = look.real_ns.saturating_sub(before.real_ns);
        let pace = look.device_ns.saturating_sub(before.device_ns).saturating_sub(real_passed) as f64 / real_passed as f64;
        // A jump of either clock is no rate.
        if real_passed >= SHORTEST_PACE_NS && !jumped {
            self.pace = if pace.abs() < 2.0 * APART_PPB * 1e-9 { pace } else { 0.0 };
        }
        self.last = look;
        self.read_ppb = ppb;
        self.lost = false;
    }

    /// We set the frequency just now. Returns the raw time, ns.
    pub fn set_frequency(&mut self, ppb: f64) -> i64 {
        let raw_ns = self.raw_of(self.last.device_ns);
        self.pace += (ppb - self.ppb) * 1e-9;
        self.anchor(self.last.device_ns, raw_ns, ppb);
        self.read_ppb = ppb;
        raw_ns
    }

    /// We stepped it just now.
    pub fn step(&mut self, ns: i64) {
        let raw_ns = self.raw_of(self.last.device_ns);
        self.last.device_ns = self.last.device_ns.saturating_add(ns);
        self.anchor(self.last.device_ns, raw_ns, self.ppb);
        self.era += 1;
    }

    pub fn start_era(&mut self) {
        self.era += 1;
    }

    /// The device cannot be read any more.
    pub fn lose(&mut self) {
        self.era += u64::from(!self.lost);
        self.lost = true;
    }

    /// Its reading at a CLOCK_REALTIME instant near the last look.
    pub fn at(&self, real_ns: i64) -> Reading {
        let since = real_ns.saturating_sub(self.last.real_ns);
        let ns = self.last.device_ns.saturating_add(since).saturating_add((since as f64 * self.pace).round() as i64);
        let raw_ns = self.raw_of(ns);
        Reading {
            ns,
            raw: seconds(raw_ns),
            steering: ns.saturating_sub(raw_ns).saturating_sub(self.untouched_ns) as f64,
            frequency: self.read_ppb,
            era: self.era,
        }
    }

    fn anchor(&mut self, device_ns: i64, raw_ns: i64, ppb: f64) {
        (self.anchor_device_ns, self.anchor_raw_ns, self.ppb) = (device_ns, raw_ns, ppb);
    }

    /// Drivers reset their clock when a link comes up; others step it.
    fn has_jumped(&self, look: &Look, passed: i64, ppb: f64) -> bool {
        let by = look.device_ns.saturating_sub(self.last.device_ns).saturating_sub(passed) as f64;
        let fastest = self.ppb.abs().max(ppb.abs()) + APART_PPB;
        let widths = look.width_ns.saturating_add(self.last.width_ns) as f64;
        by.abs() > passed as f64 * fastest * 1e-9 + widths + JUMP_THRESHOLD_NS
    }

    fn measure_rate(&mut self, look: Look) {
        let raw_ns = self.raw_of(look.device_ns);
        let (from, raw_from) = self.rate_from;
        let span = look.monotonic_ns.saturating_sub(from);
        if span >= RATE_SPAN_NS {
            self.rate = raw_ns.saturating_sub(raw_from).saturating_sub(span) as f64 / span as f64;
        }
        if span >= LONGEST_RATE_SPAN_NS {
            self.rate_from = (look.monotonic_ns, raw_ns);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_700_000_000_000_000_000;

    fn at(seconds: f64, device_ns: i64) -> Look {
        let ns = (seconds * 1e9) as i64;
        Look { device_ns: START + device_ns, monotonic_ns: ns, real_ns: START - 37 + ns, width_ns: 500 }
    }

    #[test]
    fn raw_time_goes_on_through_commands_and_steps() {
        let mut track = Track::new(at(0.0, 0), 0.0);
        track.follow(at(1.0, 1_000_000_000), 0.0);
        assert_eq!(track.set_frequency(100_000.0), 1_001_000_000_000);
        track.follow(at(2.0, 2_000_100_000), 100_000.0);
        track.step(-5);
        track.follow(at(2.5, 2_500_149_995), 100_000.0);
        let reading = track.at(START - 37 + 2_500_000_000);
        assert_eq!((reading.ns, reading.era), (START + 2_500_149_995, 1));
        assert_eq!(reading.steering, 149_995.0);
        assert!((reading.raw - 1_002.5).abs() < 1e-9);
    }

    #[test]
    fn a_reset_to_1970_is_a_new_era_and_no_time_of_the_oscillator() {
        let mut track = Track::new(at(0.0, 0), 0.0);
        track.follow(at(2.0, 2_000_000_000), 0.0);
        track.follow(at(3.0, 5_000 - START), 0.0);
        assert_eq!(track.at(at(3.0, 0).real_ns).era, 1);
        assert_eq!(track.raw_of(5_000), 1_003_000_000_000);
        track.follow(at(4.0, 1_000_005_000 - START), 0.0);
        assert_eq!(track.at(at(4.0, 0).real_ns).era, 1);
    }

    #[test]
    fn what_another_does_to_the_frequency_is_seen_and_no_step() {
        let mut track = Track::new(at(0.0, 0), 0.0);
        // Its oscillator is 10 ppm fast.
        track.follow(at(2.0, 2_000_020_000), 0.0);
        // 300 ppm from somewhere in the middle on.
        track.follow(at(3.0, 3_000_180_000), 300_000.0);
        let reading = track.at(at(3.0, 0).real_ns);
        assert_eq!((reading.frequency, reading.era), (300_000.0, 0));
        assert!((reading.raw - 1_003.000_03).abs() < 1e-8, "{}", reading.raw);
    }

    #[test]
    fn a_stamp_from_before_the_look_goes_back_at_the_pace_of_both_clocks() {
        let mut track = Track::new(at(0.0, 0), 0.0);
        track.follow(at(1.0, 1_000_050_000), 0.0);
        assert_eq!(track.at(at(0.5, 0).real_ns).ns, START + 500_025_000);
    }

    #[test]
    fn a_lost_device_is_one_new_era() {
        let mut track = Track::new(at(0.0, 0), 0.0);
        track.lose();
        track.lose();
        assert_eq!(track.at(at(0.0, 0).real_ns).era, 1);
    }
}
