//! The simulated oscillator of a virtual clock: a table of (phase error, frequency error), linear inside each entry of 67 ms.
//! Frequency is a constant, plus a seeded random walk, plus a slow sine.

use std::f64::consts::TAU;

/// Length of an entry, as a shift instead of a division: 2^26 ns.
pub const STEP_BITS: u32 = 26;
const STEP_NS: i64 = 1 << STEP_BITS;
const SINE_PERIOD_SECONDS: f64 = 1800.0;

/// One table entry as it stands in the file.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Oscillator − truth at the start of the entry, ns.
    pub error_ns: f64,
    /// Frequency error inside the entry, ppb.
    pub ppb: f64,
}

#[derive(Clone, Copy, Debug)]
pub struct Character {
    pub seed: u64,
    pub frequency_ppb: f64,
    /// Random-walk FM, ppb per √s.
    pub wander_ppb: f64,
    pub sine_ppb: f64,
}

/// Entries that cover `seconds`, and one more.
pub fn entry_count(seconds: f64) -> u64 {
    ((seconds * 1e9) as u64 >> STEP_BITS) + 1
}

pub fn entries(character: Character, count: u64) -> impl Iterator<Item = Entry> {
    let step_seconds = STEP_NS as f64 * 1e-9;
    let mut random = Random::new(character.seed);
    let (mut walk_ppb, mut error_ns) = (character.frequency_ppb, 0.0);
    (0..count).map(move |index| {
        let sine = character.sine_ppb * (TAU * index as f64 * step_seconds / SINE_PERIOD_SECONDS).sin();
        let entry = Entry { error_ns, ppb: walk_ppb + sine };
        error_ns += entry.ppb * step_seconds;
        walk_ppb += character.wander_ppb * step_seconds.sqrt() * random.gaussian();
        entry
    })
}

/// Oscillator time at truth `since_base` (both ns since the file's base). Before the table its first entry holds, after it the last.
pub fn oscillator_at(table: &[Entry], since_base: i64) -> i64 {
    let index = (since_base >> STEP_BITS).clamp(0, table.len() as i64 - 1);
    let entry = table[index as usize];
    let inside = since_base.saturating_sub(index << STEP_BITS);
    since_base.saturating_add((entry.error_ns + entry.ppb * 1e-9 * inside as f64).round() as i64)
}

/// xorshift64: the file must come out the same on every machine and in every release, so the generator is our own.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        // Small seeds differ in few bits at first.
        for _ in 0..8 {
            random.uniform();
        }
        random
    }

    /// Strictly between 0 and 1.
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// Box–Muller.
    fn gaussian(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (TAU * self.uniform()).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WILD: Character = Character { seed: 7, frequency_ppb: -40_000.0, wander_ppb: 50.0, sine_ppb: 500.0 };

    #[test]
    fn the_oscillator_never_runs_backwards_not_even_between_entries() {
        let table: Vec<Entry> = entries(WILD, entry_count(100.0)).collect();
        let mut last = i64::MIN;
        for step in 0..2_000_000i64 {
            let now = oscillator_at(&table, step * 50_021);
            assert!(now > last);
            last = now;
        }
    }

    #[test]
    fn entries_join_without_a_gap() {
        let table: Vec<Entry> = entries(WILD, entry_count(3600.0)).collect();
        for index in 1..table.len() as i64 {
            let gap = oscillator_at(&table, index << STEP_BITS) - oscillator_at(&table, (index << STEP_BITS) - 1);
            assert!((0..=2).contains(&gap), "{gap} ns");
        }
    }

    #[test]
    fn wild_times_saturate() {
        let table: Vec<Entry> = entries(WILD, 10).collect();
        oscillator_at(&table, i64::MIN);
        oscillator_at(&table, i64::MAX);
    }

    #[test]
    fn equal_seeds_give_equal_tables() {
        let first: Vec<f64> = entries(WILD, 50).map(|entry| entry.ppb).collect();
        let second: Vec<f64> = entries(WILD, 50).map(|entry| entry.ppb).collect();
        assert_eq!(first, second);
        let other: Vec<f64> = entries(Character { seed: 8, ..WILD }, 50).map(|entry| entry.ppb).collect();
        assert_ne!(first, other);
    }
}
