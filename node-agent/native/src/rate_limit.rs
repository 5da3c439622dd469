//! How much one address may ask: a token bucket each, in a table of fixed size.
//!
//! A bucket is one number, the time at which it will be full again (the generic cell rate algorithm). When a set of the table is
//! full, the bucket that will be full first gives way: it is the one whose loss forgives least. Whoever can send from many addresses
//! can push buckets out; answers are never larger than requests, so there is nothing to amplify.

use std::hash::{BuildHasher, RandomState};

use crate::time::NS_PER_SECOND;

const SETS: usize = 1024;
const WAYS: usize = 4;

/// 32 requests a second: several hosts behind one address, each of which may poll at 1/16 s. 64 at once: their bursts at start.
pub const RATE: Rate = Rate { interval_ns: NS_PER_SECOND / 32, burst: 64 };

#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Time that one request costs, ns.
    pub interval_ns: i64,
    /// Requests that a full bucket holds.
    pub burst: i64,
}

#[derive(Clone, Copy, Default)]
struct Bucket {
    address: u32,
    /// ns of CLOCK_MONOTONIC.
    full_at: i64,
}

pub struct RateLimit {
    rate: Rate,
    seed: RandomState,
    buckets: Box<[[Bucket; WAYS]]>,
}

impl RateLimit {
    pub fn new(rate: Rate) -> Self {
        Self { rate, seed: RandomState::new(), buckets: vec![[Bucket::default(); WAYS]; SETS].into_boxed_slice() }
    }

    /// Whether a request of `address` (never 0) is within its rate at `now_ns` (CLOCK_MONOTONIC). Takes a token if so.
    pub fn admit(&mut self, address: u32, now_ns: i64) -> bool {
        let set = &mut self.buckets[self.seed.hash_one(address) as usize % SETS];
        let place = set.iter().position(|bucket| bucket.address == address).unwrap_or_else(|| {
            let fullest = (0..WAYS).min_by_key(|way| set[*way].full_at).unwrap_or(0);
            set[fullest] = Bucket { address, full_at: now_ns };
            fullest
        });
        let full_at = set[place].full_at.max(now_ns) + self.rate.interval_ns;
        if full_at - now_ns > self.rate.burst * self.rate.interval_ns {
            return false;
        }
        set[place].full_at = full_at;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { interval_ns: 1000, burst: 4 };

    #[test]
    fn a_burst_is_admitted_then_one_request_per_interval() {
        let mut limit = RateLimit::new(RATE);
        let admitted = (0..10).filter(|_| limit.admit(7, 50_000)).count();
        assert_eq!(admitted, 4);
        assert!(!limit.admit(7, 50_999));
        assert!(limit.admit(7, 51_000));
        assert!(!limit.admit(7, 51_000));
        // Refused requests cost nothing; a bucket holds no more than the burst however long nobody asked.
        assert_eq!((0..10).filter(|_| limit.admit(7, 10_000_000)).count(), 4);
    }

    #[test]
    fn addresses_do_not_share_a_bucket() {
        let mut limit = RateLimit::new(RATE);
        for address in 1..=100 {
            assert_eq!((0..9).filter(|_| limit.admit(address, 1)).count(), 4, "{address}");
        }
    }

    #[test]
    fn an_address_at_its_limit_stays_there_while_others_come_once() {
        let mut limit = RateLimit::new(RATE);
        while limit.admit(7, 0) {}
        for address in 8..200_000 {
            limit.admit(address, 0);
        }
        assert!(!limit.admit(7, 0));
    }
}
