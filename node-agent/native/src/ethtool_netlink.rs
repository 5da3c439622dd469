//! ETHTOOL_MSG_TSINFO_GET over generic netlink: what an interface can stamp, and the PTP hardware clock that it stamps with. Newer than
//! the ioctl and told in words that grow with the kernel.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use libc::{c_int, timeval};

use crate::errors::{check, Failure, Result};
use crate::ethtool::{Source, TimestampingInfo};
use crate::netlink_message::{attributes, messages, word, Builder, Message};

/// GENL_ID_CTRL.
const CONTROL: u16 = 16;
const GET_FAMILY: u8 = 3;
const FAMILY_ID: u16 = 1;
const FAMILY_NAME: u16 = 2;
const TIMESTAMPING_GET: u8 = 25;
const VERSION: u8 = 1;
/// ETHTOOL_A_TSINFO_*.
const HEADER: u16 = 1;
const TIMESTAMPING: u16 = 2;
const TRANSMIT_TYPES: u16 = 3;
const RECEIVE_FILTERS: u16 = 4;
const PHC_INDEX: u16 = 5;
/// ETHTOOL_A_HEADER_*.
const DEVICE_NAME: u16 = 2;
const FLAGS: u16 = 3;
const COMPACT_BITSETS: u32 = 1;
const BITSET_VALUE: u16 = 4;

/// A generic header in front of the attributes.
const GENERIC_BYTES: usize = 4;
const BUFFER_BYTES: usize = 16 << 10;
/// Datagrams that are looked at for an answer.
const MOST_DATAGRAMS: usize = 8;
const PATIENCE: timeval = timeval { tv_sec: 1, tv_usec: 0 };

/// Fails with ENOENT before Linux 5.6, which does not know the family.
pub fn query(interface_name: &str) -> Result<TimestampingInfo> {
    let socket = open()?;
    let mut family = request(CONTROL, 1, GET_FAMILY);
    family.attribute(FAMILY_NAME, b"ethtool\0");
    let id = ask(&socket, family, 1, interface_name, read_family)?;
    let mut timestamping = request(id, 2, TIMESTAMPING_GET);
    timestamping.nest(HEADER, |header| {
        let mut name = interface_name.as_bytes().to_vec();
        name.push(0);
        header.attribute(DEVICE_NAME, &name).attribute(FLAGS, &COMPACT_BITSETS.to_ne_bytes());
    });
    ask(&socket, timestamping, 2, interface_name, read_timestamping)
}

fn request(kind: u16, sequence: u32, command: u8) -> Builder {
    Builder::new(kind, sequence, &[command, VERSION, 0, 0])
}

fn open() -> Result<OwnedFd> {
    // SAFETY: a fresh descriptor that belongs to nobody else.
    let fd = unsafe { libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, libc::NETLINK_GENERIC) };
    // SAFETY: as above; `check` has refused a failed one.
    let socket = unsafe { OwnedFd::from_raw_fd(check(fd, "socket", "NETLINK_GENERIC")?) };
    let length = size_of::<timeval>() as libc::socklen_t;
    let (level, name, value) = (libc::SOL_SOCKET, libc::SO_RCVTIMEO, std::ptr::from_ref(&PATIENCE).cast());
    // SAFETY: pointer and length describe a timeval.
    check(unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, value, length) }, "setsockopt", "NETLINK_GENERIC")?;
    Ok(socket)
}

fn ask<T>(socket: &OwnedFd, request: Builder, sequence: u32, detail: &str, read: fn(&[u8]) -> Option<T>) -> Result<T> {
    let octets = request.finish();
    // SAFETY: pointer and length describe `octets`.
    let sent = unsafe { libc::send(socket.as_raw_fd(), octets.as_ptr().cast(), octets.len(), 0) };
    check(sent as c_int, "send", detail)?;
    let mut buffer = vec![0u8; BUFFER_BYTES];
    for _ in 0..MOST_DATAGRAMS {
        // SAFETY: pointer and length describe `buffer`.
        let received = unsafe { libc::recv(socket.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), 0) };
        let length = check(received as c_int, "recv", detail)? as usize;
        for message in messages(&buffer[..length], sequence) {
            match message {
                Message::Error(0) => {}
                Message::Error(errno) => return Err(Failure::system(errno, "recv", detail)),
                Message::Data { body, .. } => {
                    let answer = body.get(GENERIC_BYTES..).and_then(read);
                    return answer.ok_or_else(|| Failure::system(libc::EBADMSG, "recv", detail));
                }
            }
        }
    }
    Err(Failure::system(libc::ENODATA, "recv", detail))
}

fn read_family(octets: &[u8]) -> Option<u16> {
    let (_, value) = attributes(octets).find(|(kind, _)| *kind == FAMILY_ID)?;
    Some(u16::from_ne_bytes(value.try_into().ok()?))
}

/// None: it says nothing of time stamps.
fn read_timestamping(octets: &[u8]) -> Option<TimestampingInfo> {
    let mut info = TimestampingInfo { flags: 0, transmit_types: 0, receive_filters: 0, phc_index: -1, source: Source::Netlink };
    let mut says = false;
    for (kind, value) in attributes(octets) {
        match kind {
            TIMESTAMPING => (info.flags, says) = (read_bitset(value)?, true),
            TRANSMIT_TYPES => info.transmit_types = read_bitset(value)?,
            RECEIVE_FILTERS => info.receive_filters = read_bitset(value)?,
            PHC_INDEX => info.phc_index = i32::try_from(word(value, 0)?).ok()?,
            _ => {}
        }
    }
    says.then_some(info)
}

/// The first 32 bits of a compact bitset; all that is asked for stands there.
fn read_bitset(octets: &[u8]) -> Option<u32> {
    let (_, value) = attributes(octets).find(|(kind, _)| *kind == BITSET_VALUE)?;
    word(value, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a driver with a hardware clock answers (attributes alone).
    fn answer() -> Vec<u8> {
        let bitset = |builder: &mut Builder, kind: u16, value: u32| {
            builder.nest(kind, |set| {
                set.attribute(1, &[]).attribute(2, &18u32.to_ne_bytes()).attribute(BITSET_VALUE, &value.to_ne_bytes());
            });
        };
        let mut builder = Builder::new(0, 0, &[]);
        builder.nest(HEADER, |header| {
            header.attribute(1, &3u32.to_ne_bytes()).attribute(DEVICE_NAME, b"eth0\0");
        });
        bitset(&mut builder, TIMESTAMPING, 0x5f);
        bitset(&mut builder, TRANSMIT_TYPES, 0b11);
        bitset(&mut builder, RECEIVE_FILTERS, 0x1003);
        builder.attribute(PHC_INDEX, &2u32.to_ne_bytes()).attribute(6, &[0; 12]);
        builder.finish()[16..].to_vec()
    }

    #[test]
    fn an_answer_says_flags_types_filters_and_the_clock() {
        let expected =
            TimestampingInfo { flags: 0x5f, transmit_types: 3, receive_filters: 0x1003, phc_index: 2, source: Source::Netlink };
        assert_eq!(read_timestamping(&answer()), Some(expected));
        assert_eq!(read_timestamping(&[]), None);
    }

    #[test]
    fn no_garbage_is_read_beyond_its_end() {
        let whole = answer();
        let mut random = 0x9e37_79b9_7f4a_7c15u64;
        let mut next = move || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random
        };
        let mut understood = 0;
        for _ in 0..200_000 {
            let mut octets = whole.clone();
            for _ in 0..next() % 4 {
                let at = next() as usize % octets.len();
                octets[at] = next() as u8;
            }
            octets.truncate(next() as usize % (octets.len() + 1));
            understood += u32::from(read_timestamping(&octets).is_some());
            read_family(&octets);
            let message = [&(octets.len() as u32 + 16).to_ne_bytes()[..], &[0; 12], &octets].concat();
            messages(&message, 0).for_each(drop);
            messages(&octets, 0).for_each(drop);
        }
        // Some of it is cut or changed where it does not matter.
        assert!(understood > 1_000, "{understood}");
    }
}
