//! Sending with a transmit stamp. It arrives on the socket's error queue, later, marked with an id.

use std::cell::{Cell, RefCell};
use std::ffi::c_int;
use std::os::fd::RawFd;

use libc::SOL_SOCKET;

use crate::errors::last_errno;
use crate::outgoing::{send, Destination, Stamp};

/// Stamps that may be under way at once where the kernel numbers them itself; far more than an error queue holds.
const KEYS: usize = 1024;
/// A stamp whose message is no longer known. As a key it matches nothing that anyone waits for.
pub const NO_KEY: u32 = u32::MAX;
const SOF_TIMESTAMPING_RX_SOFTWARE: c_int = 1 << 3;
const SOF_TIMESTAMPING_SOFTWARE: c_int = 1 << 4;
const SOF_TIMESTAMPING_OPT_ID: c_int = 1 << 7;
/// Transmit stamps come without the packet: no copy, and no privilege needed.
const SOF_TIMESTAMPING_OPT_TSONLY: c_int = 1 << 11;
/// SO_TIMESTAMPING of a socket that is stamped; transmit stamps are asked for datagram by datagram.
pub const SOCKET_FLAGS: c_int =
    SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Numbering {
    /// Nothing was sent yet.
    Unknown,
    /// The keys are the ids.
    Ours,
    /// Kernels before 6.13 count stamped datagrams.
    Kernels,
}

/// The ids of one socket. Where the kernel counts, the keys are kept here by that count.
pub struct StampKeys {
    numbering: Cell<Numbering>,
    next: Cell<u32>,
    keys: RefCell<Vec<u32>>,
}

impl StampKeys {
    pub fn new() -> Self {
        Self { numbering: Cell::new(Numbering::Unknown), next: Cell::new(0), keys: RefCell::default() }
    }

    /// The key that was given to the datagram whose stamp came with `id`.
    pub fn key(&self, id: u32) -> u32 {
        if self.numbering.get() == Numbering::Kernels {
            self.keys.borrow().get(id as usize % KEYS).copied().unwrap_or(id)
        } else {
            id
        }
    }

    fn count(&self) {
        self.numbering.set(Numbering::Kernels);
        self.keys.borrow_mut().resize(KEYS, NO_KEY);
    }

    fn remember(&self, key: u32) {
        let id = self.next.get();
        self.keys.borrow_mut()[id as usize % KEYS] = key;
        self.next.set(id.wrapping_add(1));
    }

    /// Makes the kernel count from 0 again, and forgets the keys of stamps still under way.
    fn restart(&self, fd: RawFd) -> Result<(), c_int> {
        for flags in [SOCKET_FLAGS & !SOF_TIMESTAMPING_OPT_ID, SOCKET_FLAGS] {
            let (pointer, length) = (std::ptr::from_ref(&flags).cast(), size_of::<c_int>() as libc::socklen_t);
            // SAFETY: pointer and length describe `flags`.
            if unsafe { libc::setsockopt(fd, SOL_SOCKET, libc::SO_TIMESTAMPING, pointer, length) } != 0 {
                return Err(last_errno());
            }
        }
        self.keys.borrow_mut().fill(NO_KEY);
        self.next.set(0);
        Ok(())
    }
}

/// Sends `message` and asks for a stamp of it with `key`. Errors are errno numbers.
pub fn send_stamped(fd: RawFd, destination: Destination, message: &[u8], key: u32, keys: &StampKeys) -> Result<(), c_int> {
    if keys.numbering.get() != Numbering::Kernels {
        match send(fd, destination, message, Stamp::Numbered(key)) {
            // An older kernel does not know the control message; it has not counted this datagram. One that has taken it before means
            // something else, such as an address that is gone.
            Err(libc::EINVAL) if keys.numbering.get() == Numbering::Unknown => keys.count(),
            Ok(()) => {
                keys.numbering.set(Numbering::Ours);
                return Ok(());
            }
            result => return result,
        }
    }
    if let Err(errno) = send(fd, destination, message, Stamp::Counted) {
        // Whether the kernel has counted this one depends on where it failed and on the kernel; one off, and every later stamp
        // would go to a wrong message.
        keys.restart(fd)?;
        return Err(errno);
    }
    keys.remember(key);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notes::read_notes;
    use crate::outgoing::send_plain;
    use libc::msghdr;
    use std::net::UdpSocket;
    use std::os::fd::AsRawFd;

    /// A stamped socket on lo, connected to one that swallows what it is sent.
    fn stamped_pair() -> (UdpSocket, UdpSocket) {
        let sink = UdpSocket::bind("127.0.0.1:0").unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(sink.local_addr().unwrap()).unwrap();
        StampKeys::new().restart(socket.as_raw_fd()).unwrap();
        (socket, sink)
    }

    /// Keys of all stamps in the error queue. On lo they lie there when send returns.
    fn take_keys(socket: &UdpSocket, keys: &StampKeys) -> Vec<u32> {
        let mut found = Vec::new();
        loop {
            let mut control = [0u64; 32];
            // SAFETY: integers and pointers; all zero is valid.
            let mut message: msghdr = unsafe { std::mem::zeroed() };
            message.msg_control = control.as_mut_ptr().cast();
            message.msg_controllen = size_of_val(&control);
            // SAFETY: the control buffer lives longer than the call.
            if unsafe { libc::recvmsg(socket.as_raw_fd(), &mut message, libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT) } < 0 {
                return found;
            }
            // SAFETY: recvmsg has just filled it.
            let notes = unsafe { read_notes(&message) };
            assert!(notes.stamp_ns.is_some());
            found.push(keys.key(notes.id.unwrap()));
        }
    }

    fn counting() -> StampKeys {
        let keys = StampKeys::new();
        keys.count();
        keys
    }

    #[test]
    fn stamps_come_back_with_the_key_whoever_numbers_them() {
        for keys in [StampKeys::new(), counting()] {
            let (socket, _sink) = stamped_pair();
            for key in [7, 900, 3] {
                send_stamped(socket.as_raw_fd(), Destination::Peer, b"abc", key, &keys).unwrap();
            }
            assert_eq!(take_keys(&socket, &keys), [7, 900, 3]);
        }
    }

    #[test]
    fn a_failed_send_shifts_no_later_key() {
        for keys in [StampKeys::new(), counting()] {
            let (socket, _sink) = stamped_pair();
            send_stamped(socket.as_raw_fd(), Destination::Peer, b"abc", 1, &keys).unwrap();
            assert_eq!(take_keys(&socket, &keys), [1]);
            assert_eq!(send_stamped(socket.as_raw_fd(), Destination::Peer, &[0; 70_000], 2, &keys), Err(libc::EMSGSIZE));
            send_stamped(socket.as_raw_fd(), Destination::Peer, b"abc", 3, &keys).unwrap();
            assert_eq!(take_keys(&socket, &keys), [3]);
        }
    }

    #[test]
    fn plain_messages_are_neither_stamped_nor_counted() {
        let (socket, _sink) = stamped_pair();
        let keys = counting();
        send_plain(socket.as_raw_fd(), Destination::Peer, b"abc").unwrap();
        send_stamped(socket.as_raw_fd(), Destination::Peer, b"abc", 5, &keys).unwrap();
        assert_eq!(take_keys(&socket, &keys), [5]);
    }
}
