//! The NTP header as a server sees it (RFC 5905 7.3): what counts in a request, and what is filled into an answer.

use crate::time::NS_PER_SECOND;

/// Header without extension fields and MAC.
pub const LENGTH: usize = 48;
pub type Header = [u8; LENGTH];

pub const STRATUM: usize = 1;
pub const POLL: usize = 2;
pub const PRECISION: usize = 3;
pub const ROOT_DISPERSION: usize = 8;
pub const REFERENCE_ID: usize = 12;
const ORIGIN: usize = 24;
const RECEIVE: usize = 32;
const TRANSMIT: usize = 40;

const CLIENT: u8 = 3;
pub const SERVER: u8 = 4;
/// NTP's seconds begin in 1900, those of CLOCK_REALTIME in 1970.
const EPOCH_SECONDS: i64 = 2_208_988_800;

/// 32.32 seconds of the era that `ns` (since 1970) falls in, rounded down (RFC 5905 section 6).
pub fn timestamp(ns: i64) -> u64 {
    let seconds = ns.div_euclid(NS_PER_SECOND).wrapping_add(EPOCH_SECONDS) as u64;
    let fraction = ((ns.rem_euclid(NS_PER_SECOND) as u64) << 32) / NS_PER_SECOND as u64;
    seconds << 32 | fraction
}

/// A receive stamp of ours: odd, where transmit stamps are even. So the two are never equal, as RFC 9769 section 2 demands, and a
/// request shows by its origin which of the two it refers to. The bit is a quarter of a nanosecond.
pub fn receive_stamp(ns: i64) -> u64 {
    timestamp(ns) | 1
}

pub fn transmit_stamp(ns: i64) -> u64 {
    timestamp(ns) & !1
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    version: u8,
    poll: u8,
    pub origin: u64,
    pub receive: u64,
    pub transmit: u64,
}

impl Request {
    /// None: not to be answered. `length` as it was sent: extension fields and MACs come in words of four octets (7.5) and are not
    /// looked at.
    pub fn read(header: &Header, length: usize) -> Option<Self> {
        let (version, mode) = (header[0] >> 3 & 7, header[0] & 7);
        if length < LENGTH || !length.is_multiple_of(4) || mode != CLIENT || !(1..=4).contains(&version) {
            return None;
        }
        let number = |at: usize| u64::from_be_bytes(std::array::from_fn(|index| header[at + index]));
        Some(Self { version, poll: header[POLL], origin: number(ORIGIN), receive: number(RECEIVE), transmit: number(TRANSMIT) })
    }

    /// The client may speak the interleaved mode: it refers to a receive stamp of ours (one that is odd), and its own two stamps
    /// differ (RFC 9769 section 2, condition 1).
    pub fn may_interleave(&self) -> bool {
        self.origin & 1 == 1 && self.receive != self.transmit
    }

    /// `header` (leap and everything that does not depend on the request) as an answer.
    pub fn answer(&self, header: &Header, origin: u64, receive: u64, transmit: u64) -> Header {
        let mut answer = *header;
        answer[0] = answer[0] & 0xc0 | self.version << 3 | SERVER;
        answer[POLL] = self.poll;
        for (at, stamp) in [(ORIGIN, origin), (RECEIVE, receive), (TRANSMIT, transmit)] {
            answer[at..at + 8].copy_from_slice(&stamp.to_be_bytes());
        }
        answer
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn request(first: u8, origin: u64, receive: u64, transmit: u64) -> Header {
        let mut header = [0; LENGTH];
        header[0] = first;
        header[POLL] = 6;
        for (at, stamp) in [(ORIGIN, origin), (RECEIVE, receive), (TRANSMIT, transmit)] {
            header[at..at + 8].copy_from_slice(&stamp.to_be_bytes());
        }
        header
    }

    #[test]
    fn a_timestamp_counts_from_1900_and_wraps_in_2036() {
        assert_eq!(timestamp(0), 2_208_988_800 << 32);
        assert_eq!(timestamp(500_000_000), 2_208_988_800 << 32 | 1 << 31);
        // 2036-02-07T06:28:16Z.
        assert_eq!(timestamp(2_085_978_496 * NS_PER_SECOND), 0);
        assert_eq!(timestamp(2_085_978_497 * NS_PER_SECOND + 1), 1 << 32 | 4);
        assert_eq!(timestamp(-1) >> 32, 2_208_988_799);
    }

    #[test]
    fn receive_and_transmit_stamps_of_one_instant_differ_by_less_than_a_nanosecond() {
        for ns in [0, 1, 2, 999_999_999] {
            assert_eq!((receive_stamp(ns) & 1, transmit_stamp(ns) & 1), (1, 0));
            assert!(receive_stamp(ns) - transmit_stamp(ns) <= 2);
        }
    }

    #[test]
    fn only_whole_client_requests_of_versions_1_to_4_are_read() {
        for first in 0..=255u8 {
            let answered = first & 7 == 3 && (1..=4).contains(&(first >> 3 & 7));
            assert_eq!(Request::read(&request(first, 0, 0, 1), 48).is_some(), answered, "{first:#x}");
        }
        for length in 0..200 {
            let read = Request::read(&request(0x23, 0, 0, 1), length).is_some();
            assert_eq!(read, length >= 48 && length % 4 == 0, "{length}");
        }
    }

    #[test]
    fn an_answer_has_the_version_and_poll_of_its_request() {
        let request = Request::read(&request(0xdb, 7, 8, 9), 48).unwrap();
        let mut header = [0xaa; LENGTH];
        header[0] = 0x64;
        let answer = request.answer(&header, 1, 2, 3);
        assert_eq!((answer[0], answer[POLL], answer[STRATUM]), (0x40 | 3 << 3 | 4, 6, 0xaa));
        assert_eq!(answer[ORIGIN..], [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3]);
        assert_eq!(answer[ROOT_DISPERSION..ORIGIN], [0xaa; 16]);
    }

    #[test]
    fn a_client_that_shows_one_stamp_twice_or_refers_to_a_transmit_stamp_is_basic() {
        let interleaves =
            |origin, receive, transmit| Request::read(&request(0x23, origin, receive, transmit), 48).unwrap().may_interleave();
        assert!(interleaves(5, 6, 7));
        assert!(!interleaves(5, 6, 6));
        assert!(!interleaves(4, 6, 7));
        assert!(!interleaves(0, 0, 7));
    }
}
