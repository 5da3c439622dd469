//! Sending one datagram: where it goes, where it comes from, and whether the kernel is asked for a transmit stamp.

use std::ffi::c_int;
use std::mem::offset_of;
use std::os::fd::RawFd;
use std::ptr::null_mut;

use libc::{cmsghdr, in_addr, in_pktinfo, iovec, msghdr, sockaddr_in, SOL_SOCKET};

use crate::errors::last_errno;

/// Kernel 6.13 on: the id of one datagram's stamp.
const SCM_TS_OPT_ID: c_int = 81;
/// The only kind of flag that the control message may hold: OPT_ID or OPT_TSONLY in it are EINVAL, those belong to the socket.
const SOF_TIMESTAMPING_TX_SOFTWARE: u32 = 1 << 1;

/// Where a datagram goes.
#[derive(Clone, Copy)]
pub enum Destination<'a> {
    /// Of a connected socket.
    Peer,
    To(&'a sockaddr_in),
    /// From the local address that was asked: a host may have several, and a client listens to that one only.
    Back {
        to: &'a sockaddr_in,
        from: in_addr,
    },
}

/// What is asked of the kernel with one datagram.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    None,
    /// With the kernel's own count as id.
    Counted,
    Numbered(u32),
}

/// The control messages of a datagram, as CMSG_SPACE would lay them out; a run of them is passed to the kernel.
#[repr(C)]
#[derive(Clone, Copy)]
struct Control {
    source_header: cmsghdr,
    source: in_pktinfo,
    _source_padding: u32,
    flags_header: cmsghdr,
    flags: u32,
    _flags_padding: u32,
    id_header: cmsghdr,
    id: u32,
    _id_padding: u32,
}

/// A datagram in the making. The kernel's description of it points into itself: it is described and sent in one place.
#[derive(Clone, Copy)]
pub struct Outgoing {
    vector: iovec,
    control: Control,
}

impl Outgoing {
    pub fn new() -> Self {
        let header =
            |kind| cmsghdr { cmsg_len: size_of::<cmsghdr>() + size_of::<u32>(), cmsg_level: SOL_SOCKET, cmsg_type: kind };
        let control = Control {
            source_header: cmsghdr {
                cmsg_len: size_of::<cmsghdr>() + size_of::<in_pktinfo>(),
                cmsg_level: libc::IPPROTO_IP,
                cmsg_type: libc::IP_PKTINFO,
            },
            // No interface: the routing table knows the way.
            source: in_pktinfo { ipi_ifindex: 0, ipi_spec_dst: in_addr { s_addr: 0 }, ipi_addr: in_addr { s_addr: 0 } },
            _source_padding: 0,
            flags_header: header(libc::SO_TIMESTAMPING),
            flags: SOF_TIMESTAMPING_TX_SOFTWARE,
            _flags_padding: 0,
            id_header: header(SCM_TS_OPT_ID),
            id: 0,
            _id_padding: 0,
        };
        Self { vector: iovec { iov_base: null_mut(), iov_len: 0 }, control }
    }

    /// A description for sendmsg without a stamp. It points to this, to `message` and to the destination: none may move before.
    pub fn describe(&mut self, message: &[u8], destination: Destination) -> msghdr {
        self.describe_stamped(message, destination, Stamp::None)
    }

    fn describe_stamped(&mut self, message: &[u8], destination: Destination, stamp: Stamp) -> msghdr {
        self.vector = iovec { iov_base: message.as_ptr().cast_mut().cast(), iov_len: message.len() };
        // SAFETY: integers and pointers; all zero is valid.
        let mut datagram: msghdr = unsafe { std::mem::zeroed() };
        datagram.msg_iov = &mut self.vector;
        datagram.msg_iovlen = 1;
        let mut start = offset_of!(Control, flags_header);
        if let Destination::To(address) | Destination::Back { to: address, .. } = destination {
            datagram.msg_name = std::ptr::from_ref(address).cast_mut().cast();
            datagram.msg_namelen = size_of::<sockaddr_in>() as libc::socklen_t;
        }
        if let Destination::Back { from, .. } = destination {
            self.control.source.ipi_spec_dst = from;
            start = 0;
        }
        let end = match stamp {
            Stamp::None => offset_of!(Control, flags_header),
            Stamp::Counted => offset_of!(Control, id_header),
            Stamp::Numbered(id) => {
                self.control.id = id;
                size_of::<Control>()
            }
        };
        if end > start {
            // SAFETY: `start` lies inside of the control messages.
            datagram.msg_control = unsafe { std::ptr::from_mut(&mut self.control).cast::<u8>().add(start).cast() };
            datagram.msg_controllen = end - start;
        }
        datagram
    }
}

/// Errors are errno numbers.
pub fn send_plain(fd: RawFd, destination: Destination, message: &[u8]) -> Result<(), c_int> {
    send(fd, destination, message, Stamp::None)
}

pub fn send(fd: RawFd, destination: Destination, message: &[u8], stamp: Stamp) -> Result<(), c_int> {
    let mut outgoing = Outgoing::new();
    let datagram = outgoing.describe_stamped(message, destination, stamp);
    // SAFETY: all that `datagram` points to lives until the call returns, and sendmsg only reads it.
    let sent = unsafe { libc::sendmsg(fd, &datagram, libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL) };
    if sent < 0 {
        return Err(last_errno());
    }
    Ok(())
}
