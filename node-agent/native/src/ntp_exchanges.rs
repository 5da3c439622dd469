//! What the interleaved mode needs to remember of answers (RFC 9769 section 2): the receive stamp that each carried and when it
//! really left. A table of fixed size; an address has one set of it, so that nobody can push out the answers of all others.
//!
//! Kept by address without the port, because clients change their port between requests (RFC 9109).

use std::hash::{BuildHasher, RandomState};
use std::net::Ipv4Addr;

const SETS: usize = 512;
const WAYS: usize = 8;
/// A key is the place in the table and these bits of the answer's number; u32::MAX (`NO_KEY`) cannot come out.
const PLACE_BITS: u32 = (SETS * WAYS).trailing_zeros();
const NUMBERS: u32 = (1 << (u32::BITS - PLACE_BITS)) - 1;

#[derive(Clone, Copy)]
struct Exchange {
    address: Ipv4Addr,
    /// As it was sent; 0: this place is free.
    receive: u64,
    /// When the answer left, by the kernel's stamp.
    transmit: Option<u64>,
    era: u64,
    number: u32,
}

const FREE: Exchange = Exchange { address: Ipv4Addr::UNSPECIFIED, receive: 0, transmit: None, era: 0, number: 0 };

pub struct Exchanges {
    seed: RandomState,
    places: Box<[Exchange]>,
    number: u32,
}

impl Exchanges {
    pub fn new() -> Self {
        Self { seed: RandomState::new(), places: vec![FREE; SETS * WAYS].into_boxed_slice(), number: 0 }
    }

    fn places_of(&self, address: Ipv4Addr) -> std::ops::Range<usize> {
        let start = self.seed.hash_one(address) as usize % SETS * WAYS;
        start..start + WAYS
    }

    fn find(&self, address: Ipv4Addr, receive: u64) -> Option<usize> {
        self.places_of(address).find(|place| {
            let exchange = &self.places[*place];
            exchange.receive == receive && exchange.address == address
        })
    }

    /// `receive`, or the next stamp that is not in use by an answer to this address: a clock that was stepped back shows times twice.
    pub fn distinguish(&self, address: Ipv4Addr, mut receive: u64) -> u64 {
        while self.find(address, receive).is_some() {
            receive = receive.wrapping_add(2);
        }
        receive
    }

    /// Ends the exchange whose answer carried `receive` (never 0). Returns when that answer left, if the kernel has said so and the clock
    /// has not been stepped since: what was measured before a step is worth nothing after it.
    pub fn take(&mut self, address: Ipv4Addr, receive: u64, era: u64) -> Option<u64> {
        let place = self.find(address, receive)?;
        let exchange = std::mem::replace(&mut self.places[place], FREE);
        exchange.transmit.filter(|_| exchange.era == era)
    }

    /// Remembers an answer with `receive`, in place of the oldest one to an address of the same set. Returns the key under which its
    /// transmit stamp is to come.
    pub fn save(&mut self, address: Ipv4Addr, receive: u64, era: u64) -> u32 {
        self.number = (self.number + 1) % NUMBERS;
        let number = self.number;
        let age = |place: &usize| match self.places[*place] {
            Exchange { receive: 0, .. } => u32::MAX,
            exchange => (number + NUMBERS - exchange.number) % NUMBERS,
        };
        let range = self.places_of(address);
        let place = range.clone().max_by_key(age).unwrap_or(range.start);
        self.places[place] = Exchange { address, receive, transmit: None, era, number };
        number << PLACE_BITS | place as u32
    }

    /// The answer with `key` left at `transmit`, on a clock of `era`.
    pub fn stamp(&mut self, key: u32, transmit: u64, era: u64) {
        let exchange = &mut self.places[key as usize % (SETS * WAYS)];
        if exchange.receive != 0 && exchange.number == key >> PLACE_BITS && exchange.era == era {
            exchange.transmit = Some(transmit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp::NO_KEY;

    const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

    #[test]
    fn a_stamped_answer_is_found_once_by_its_receive_stamp() {
        let mut exchanges = Exchanges::new();
        let key = exchanges.save(CLIENT, 101, 0);
        exchanges.stamp(key, 200, 0);
        assert_eq!(exchanges.take(Ipv4Addr::new(10, 0, 0, 2), 101, 0), None);
        assert_eq!(exchanges.take(CLIENT, 103, 0), None);
        assert_eq!(exchanges.take(CLIENT, 101, 0), Some(200));
        assert_eq!(exchanges.take(CLIENT, 101, 0), None);
    }

    #[test]
    fn an_answer_without_a_stamp_or_from_before_a_step_gives_none() {
        let mut exchanges = Exchanges::new();
        exchanges.save(CLIENT, 101, 0);
        assert_eq!(exchanges.take(CLIENT, 101, 0), None);
        let key = exchanges.save(CLIENT, 103, 0);
        exchanges.stamp(key, 200, 0);
        assert_eq!(exchanges.take(CLIENT, 103, 1), None);
        let key = exchanges.save(CLIENT, 105, 0);
        exchanges.stamp(key, 200, 1);
        assert_eq!(exchanges.take(CLIENT, 105, 0), None);
    }

    #[test]
    fn a_stamp_that_comes_after_its_place_was_taken_again_goes_nowhere() {
        let mut exchanges = Exchanges::new();
        let late = exchanges.save(CLIENT, 101, 0);
        for index in 0..WAYS as u64 {
            exchanges.save(CLIENT, 103 + 2 * index, 0);
        }
        exchanges.stamp(late, 200, 0);
        exchanges.stamp(NO_KEY, 200, 0);
        for index in 0..=WAYS as u64 {
            assert_eq!(exchanges.take(CLIENT, 101 + 2 * index, 0), None);
        }
    }

    #[test]
    fn the_newest_answers_to_an_address_are_kept_however_many_there_were() {
        let mut exchanges = Exchanges::new();
        let last = 3 * u64::from(NUMBERS) / 2;
        for index in 1..=last {
            let key = exchanges.save(CLIENT, 2 * index + 1, 0);
            assert_ne!(key, NO_KEY);
            exchanges.stamp(key, 2 * index, 0);
        }
        for index in last - WAYS as u64 + 1..=last {
            assert_eq!(exchanges.take(CLIENT, 2 * index + 1, 0), Some(2 * index));
        }
    }

    #[test]
    fn one_receive_stamp_is_not_given_to_two_answers() {
        let mut exchanges = Exchanges::new();
        for expected in [101, 103, 105] {
            let receive = exchanges.distinguish(CLIENT, 101);
            assert_eq!(receive, expected);
            exchanges.save(CLIENT, receive, 0);
        }
        assert_eq!(exchanges.distinguish(Ipv4Addr::new(10, 0, 0, 2), 101), 101);
    }
}
