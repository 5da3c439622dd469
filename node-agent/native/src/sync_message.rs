//! The octets of Sync and Follow_Up that only the sender's thread knows: sequenceId and preciseOriginTimestamp
//! (IEEE 1588-2019 13.3, 13.6, 13.7). Everything else comes from TypeScript as a template.

use crate::errors::{Failure, Result};
use crate::time::NS_PER_SECOND;

/// Header, then a Timestamp: what both messages are without TLVs.
pub const LENGTH: usize = 44;
pub type Message = [u8; LENGTH];

const SEQUENCE_ID: usize = 30;
const TIMESTAMP: usize = 34;

pub fn template(octets: &[u8], name: &str) -> Result<Message> {
    octets.try_into().map_err(|_| Failure::argument(format!("{name} has {} octets, not {LENGTH}", octets.len())))
}

pub fn set_sequence_id(message: &mut Message, sequence_id: u16) {
    message[SEQUENCE_ID..SEQUENCE_ID + 2].copy_from_slice(&sequence_id.to_be_bytes());
}

/// A Timestamp (5.3.3): 48 bits of seconds, 32 of nanoseconds. Times before the epoch, which it cannot say, become 0.
pub fn set_timestamp(message: &mut Message, ns: i64) {
    let ns = ns.max(0);
    let seconds = (ns / NS_PER_SECOND).to_be_bytes();
    message[TIMESTAMP..TIMESTAMP + 6].copy_from_slice(&seconds[2..]);
    message[TIMESTAMP + 6..TIMESTAMP + 10].copy_from_slice(&((ns % NS_PER_SECOND) as u32).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_has_48_bits_of_seconds() {
        let mut message = [0xaa; LENGTH];
        set_timestamp(&mut message, 1_700_000_037 * NS_PER_SECOND + 5);
        assert_eq!(&message[TIMESTAMP..], &[0, 0, 0x65, 0x53, 0xf1, 0x25, 0, 0, 0, 5]);
        assert_eq!(message[..TIMESTAMP], [0xaa; TIMESTAMP]);
    }

    #[test]
    fn times_before_the_epoch_become_zero() {
        let mut message = [1; LENGTH];
        set_timestamp(&mut message, -1);
        assert_eq!(message[TIMESTAMP..], [0; 10]);
    }

    #[test]
    fn a_sequence_id_is_two_octets_in_network_order() {
        let mut message = [0; LENGTH];
        set_sequence_id(&mut message, 0x1234);
        assert_eq!(message[SEQUENCE_ID..TIMESTAMP], [0x12, 0x34, 0, 0]);
    }

    #[test]
    fn templates_of_another_length_are_refused() {
        assert!(template(&[0; 43], "sync").is_err());
        assert!(template(&[0; 44], "sync").is_ok());
    }
}
