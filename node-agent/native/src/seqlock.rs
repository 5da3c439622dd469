//! A seqlock over a 16-bit generation, as ClockBound has it: odd while the writer is at work, 0 before the first publication and
//! never again. One writer at a time; readers in other processes never block it.

use std::sync::atomic::{fence, AtomicU16, Ordering};
use std::time::Duration;

/// Writers hold the lock below 1 µs: so many attempts find it free unless the scheduler has taken the CPU from one at work.
const BUSY_ATTEMPTS: u32 = 256;
/// Then a reader sleeps between attempts, so as not to keep the CPU from the writer. After 0.1 s in all it gives up: the writer has
/// died in the middle.
const PATIENT_ATTEMPTS: u32 = 1_000;
const PAUSE: Duration = Duration::from_micros(50);

pub fn write(generation: &AtomicU16, fill: impl FnOnce()) {
    // `| 1` also takes over from a writer that died while it held an odd number.
    let odd = generation.load(Ordering::Relaxed) | 1;
    generation.store(odd, Ordering::Relaxed);
    fence(Ordering::Release);
    fill();
    let even = odd.wrapping_add(1);
    generation.store(if even == 0 { 2 } else { even }, Ordering::Release);
}

/// What `copy` saw while no write went on; None before the first publication or when the writer died at work.
pub fn read<T>(generation: &AtomicU16, mut copy: impl FnMut() -> T) -> Option<T> {
    for attempt in 0..BUSY_ATTEMPTS + PATIENT_ATTEMPTS {
        let before = generation.load(Ordering::Acquire);
        if before == 0 {
            return None;
        }
        if before & 1 == 0 {
            let value = copy();
            fence(Ordering::Acquire);
            if generation.load(Ordering::Relaxed) == before {
                return Some(value);
            }
        }
        if attempt < BUSY_ATTEMPTS {
            std::hint::spin_loop();
        } else {
            std::thread::sleep(PAUSE);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, AtomicU64};
    use std::sync::Arc;

    #[test]
    fn nothing_is_read_before_the_first_publication() {
        assert!(read(&AtomicU16::new(0), || 1).is_none());
    }

    #[test]
    fn the_generation_skips_zero_when_it_wraps() {
        let generation = AtomicU16::new(u16::MAX - 1);
        write(&generation, || {});
        assert_eq!(generation.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_reader_gives_up_when_the_writer_died_at_work() {
        assert!(read(&AtomicU16::new(3), || 1).is_none());
    }

    #[test]
    fn readers_never_see_a_torn_pair() {
        let shared = Arc::new((AtomicU16::new(0), AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false)));
        let writer = {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || {
                for value in 1..200_000u64 {
                    write(&shared.0, || {
                        shared.1.store(value, Ordering::Relaxed);
                        shared.2.store(!value, Ordering::Relaxed);
                    });
                }
                shared.3.store(true, Ordering::Relaxed);
            })
        };
        while !shared.3.load(Ordering::Relaxed) {
            let pair = read(&shared.0, || (shared.1.load(Ordering::Relaxed), shared.2.load(Ordering::Relaxed)));
            if let Some((value, complement)) = pair {
                assert_eq!(value, !complement);
            }
        }
        writer.join().unwrap();
    }
}
