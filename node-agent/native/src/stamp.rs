//! Sending with a transmit stamp, and reading stamps out of control messages. The stamp of a datagram arrives on the socket's error
//! queue, later, marked with an id.

use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};
use std::os::fd::RawFd;

use libc::{cmsghdr, iovec, msghdr, sock_extended_err, sockaddr_in, timespec, SOL_SOCKET};

use crate::errors::last_errno;
use crate::time::to_ns;

/// Kernel 6.13 on: the id of one datagram's stamp.
const SCM_TS_OPT_ID: c_int = 81;
/// The only kind of flag that the control message may hold: OPT_ID or OPT_TSONLY in it are EINVAL, those belong to the socket.
const SOF_TIMESTAMPING_TX_SOFTWARE: u32 = 1 << 1;
const SO_EE_ORIGIN_TIMESTAMPING: u8 = 4;
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

/// The control messages of a stamped datagram, as CMSG_SPACE would lay them out.
#[repr(C)]
struct Control {
    flags_header: cmsghdr,
    flags: u32,
    _flags_padding: u32,
    id_header: cmsghdr,
    id: u32,
    _id_padding: u32,
}

/// The ids of one socket. Kernels before 6.13 count stamped datagrams themselves; then the keys are kept here by that count.
pub struct StampKeys {
    counted: Cell<bool>,
    next: Cell<u32>,
    keys: RefCell<Vec<u32>>,
}

impl StampKeys {
    pub fn new() -> Self {
        Self { counted: Cell::new(false), next: Cell::new(0), keys: RefCell::default() }
    }

    /// The key that was given to the datagram whose stamp came with `id`.
    pub fn key(&self, id: u32) -> u32 {
        if self.counted.get() {
            self.keys.borrow().get(id as usize % KEYS).copied().unwrap_or(id)
        } else {
            id
        }
    }

    fn count(&self) {
        self.counted.set(true);
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

/// Sends `message` and asks for a stamp of it with `key`. `to` is None on a connected socket. Errors are errno numbers.
pub fn send_stamped(fd: RawFd, to: Option<&sockaddr_in>, message: &[u8], key: u32, keys: &StampKeys) -> Result<(), c_int> {
    if !keys.counted.get() {
        match send(fd, to, message, Some(Some(key))) {
            // An older kernel does not know the control message; it has not counted this datagram.
            Err(libc::EINVAL) => keys.count(),
            result => return result,
        }
    }
    if let Err(errno) = send(fd, to, message, Some(None)) {
        // Whether the kernel has counted this one depends on where it failed and on the kernel; one off, and every later stamp
        // would go to a wrong message.
        keys.restart(fd)?;
        return Err(errno);
    }
    keys.remember(key);
    Ok(())
}

pub fn send_plain(fd: RawFd, to: Option<&sockaddr_in>, message: &[u8]) -> Result<(), c_int> {
    send(fd, to, message, None)
}

/// `stamp`: None, or a stamp with an id of ours or of the kernel's.
fn send(fd: RawFd, to: Option<&sockaddr_in>, message: &[u8], stamp: Option<Option<u32>>) -> Result<(), c_int> {
    let header = |kind| cmsghdr { cmsg_len: size_of::<cmsghdr>() + size_of::<u32>(), cmsg_level: SOL_SOCKET, cmsg_type: kind };
    let mut control = Control {
        flags_header: header(libc::SO_TIMESTAMPING),
        flags: SOF_TIMESTAMPING_TX_SOFTWARE,
        _flags_padding: 0,
        id_header: header(SCM_TS_OPT_ID),
        id: stamp.flatten().unwrap_or(0),
        _id_padding: 0,
    };
    let mut payload = iovec { iov_base: message.as_ptr().cast_mut().cast(), iov_len: message.len() };
    // SAFETY: integers and pointers; all zero is valid.
    let mut datagram: msghdr = unsafe { std::mem::zeroed() };
    datagram.msg_iov = &mut payload;
    datagram.msg_iovlen = 1;
    if let Some(address) = to {
        datagram.msg_name = std::ptr::from_ref(address).cast_mut().cast::<c_void>();
        datagram.msg_namelen = size_of::<sockaddr_in>() as libc::socklen_t;
    }
    if let Some(id) = stamp {
        datagram.msg_control = std::ptr::from_mut(&mut control).cast();
        datagram.msg_controllen = size_of::<Control>() / if id.is_some() { 1 } else { 2 };
    }
    // SAFETY: all that `datagram` points to lives until the call returns, and sendmsg only reads it.
    let sent = unsafe { libc::sendmsg(fd, &datagram, libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL) };
    if sent < 0 {
        return Err(last_errno());
    }
    Ok(())
}

/// What the control messages of one received message say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Software stamp on CLOCK_REALTIME, ns.
    pub stamp_ns: Option<i64>,
    pub interface_index: u32,
    /// Id of a transmit stamp.
    pub id: Option<u32>,
    /// An error queue entry that is no stamp.
    pub errno: Option<u32>,
}

/// # Safety
/// `message` must have come from recvmsg or recvmmsg, with its control buffer intact.
pub unsafe fn read_notes(message: &msghdr) -> Notes {
    let mut notes = Notes::default();
    // SAFETY: the kernel has laid out the control messages within msg_controllen; the macros stay inside. Values are read unaligned.
    unsafe {
        let mut header = libc::CMSG_FIRSTHDR(message);
        while !header.is_null() {
            let data = libc::CMSG_DATA(header);
            match ((*header).cmsg_level, (*header).cmsg_type) {
                (SOL_SOCKET, libc::SCM_TIMESTAMPING) => {
                    // Three stamps: software, unused, hardware.
                    let software = to_ns(&data.cast::<timespec>().read_unaligned());
                    notes.stamp_ns = (software != 0).then_some(software);
                }
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                    notes.interface_index = data.cast::<libc::in_pktinfo>().read_unaligned().ipi_ifindex as u32;
                }
                (libc::IPPROTO_IP, libc::IP_RECVERR) => {
                    let error = data.cast::<sock_extended_err>().read_unaligned();
                    if error.ee_origin == SO_EE_ORIGIN_TIMESTAMPING {
                        notes.id = Some(error.ee_data);
                    } else {
                        notes.errno = Some(error.ee_errno);
                    }
                }
                _ => {}
            }
            header = libc::CMSG_NXTHDR(message, header);
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
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
                send_stamped(socket.as_raw_fd(), None, b"abc", key, &keys).unwrap();
            }
            assert_eq!(take_keys(&socket, &keys), [7, 900, 3]);
        }
    }

    #[test]
    fn a_failed_send_shifts_no_later_key() {
        for keys in [StampKeys::new(), counting()] {
            let (socket, _sink) = stamped_pair();
            send_stamped(socket.as_raw_fd(), None, b"abc", 1, &keys).unwrap();
            assert_eq!(take_keys(&socket, &keys), [1]);
            assert_eq!(send_stamped(socket.as_raw_fd(), None, &[0; 70_000], 2, &keys), Err(libc::EMSGSIZE));
            send_stamped(socket.as_raw_fd(), None, b"abc", 3, &keys).unwrap();
            assert_eq!(take_keys(&socket, &keys), [3]);
        }
    }

    #[test]
    fn plain_messages_are_neither_stamped_nor_counted() {
        let (socket, _sink) = stamped_pair();
        let keys = counting();
        send_plain(socket.as_raw_fd(), None, b"abc").unwrap();
        send_stamped(socket.as_raw_fd(), None, b"abc", 5, &keys).unwrap();
        assert_eq!(take_keys(&socket, &keys), [5]);
    }
}
