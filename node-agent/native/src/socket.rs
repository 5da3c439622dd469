//! UDP sockets as PTP over IPv4 needs them (IEEE 1588-2019 Annex C): one interface, multicast with TTL 1, software time stamps.

use std::ffi::{c_int, CString};
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, OwnedFd};

use libc::{in_addr, ip_mreqn, socklen_t, SOL_SOCKET};

use crate::errors::{check, Failure, Result};
use crate::udp::{address, bind, connect, open_udp, set, set_dscp, set_receive_buffer, set_stamps};

/// PTP-primary: all messages but the peer delay mechanism's (IEEE 1588-2019 C.3).
pub const PTP_PRIMARY: Ipv4Addr = Ipv4Addr::new(224, 0, 1, 129);

/// What one socket of a port is to be.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint<'a> {
    pub interface_name: &'a str,
    pub interface_index: u32,
    pub port: u16,
    /// 0 … 63.
    pub dscp: u8,
    /// Kernel time stamps: event messages only.
    pub stamped: bool,
}

/// A socket that receives the PTP multicast of the interface.
pub fn open_receiver(endpoint: &Endpoint, receive_buffer_bytes: c_int) -> Result<OwnedFd> {
    let socket = open_bound(endpoint, true)?;
    let fd = socket.as_raw_fd();
    set_receive_buffer(fd, receive_buffer_bytes)?;
    set(fd, libc::IPPROTO_IP, libc::IP_PKTINFO, 1 as c_int, "IP_PKTINFO")?;
    set(fd, libc::IPPROTO_IP, libc::IP_ADD_MEMBERSHIP, membership(endpoint.interface_index), "IP_ADD_MEMBERSHIP")?;
    Ok(socket)
}

/// A socket that only sends. Connected to the group, it matches nothing that arrives: nobody sends *from* a multicast address.
pub fn open_sender(endpoint: &Endpoint) -> Result<OwnedFd> {
    let socket = open_bound(endpoint, true)?;
    connect_to_group(&socket, endpoint.port)?;
    Ok(socket)
}

/// The socket of a `Reservation`: fails when anybody holds the port, then lets our own sockets bind beside it, and gets no packets.
pub fn open_claim(interface_name: &str, port: u16) -> Result<OwnedFd> {
    let interface_index = interface_index(interface_name)?;
    let socket = open_bound(&Endpoint { interface_name, interface_index, port, dscp: 0, stamped: false }, false)?;
    set(socket.as_raw_fd(), SOL_SOCKET, libc::SO_REUSEADDR, 1 as c_int, "SO_REUSEADDR")?;
    // An interface without an address has no route to the group; unconnected, the claim still holds, and without memberships only
    // unicast could reach it, which needs an address as well.
    match connect_to_group(&socket, port) {
        Err(failure) if !failure.is_unreachable() => Err(failure),
        _ => Ok(socket),
    }
}

fn open_bound(endpoint: &Endpoint, shared: bool) -> Result<OwnedFd> {
    let name = endpoint.interface_name;
    let socket = open_udp()?;
    let fd = socket.as_raw_fd();
    if shared {
        set(fd, SOL_SOCKET, libc::SO_REUSEADDR, 1 as c_int, "SO_REUSEADDR")?;
    }
    // SAFETY: pointer and length describe the name; the kernel needs no final NUL.
    let bound = unsafe {
        let length = name.len() as socklen_t;
        libc::setsockopt(fd, SOL_SOCKET, libc::SO_BINDTODEVICE, name.as_ptr().cast(), length)
    };
    check(bound, "setsockopt", &format!("SO_BINDTODEVICE {name}"))?;
    // Otherwise the socket gets whatever group any program of the host has joined.
    set(fd, libc::IPPROTO_IP, libc::IP_MULTICAST_ALL, 0 as c_int, "IP_MULTICAST_ALL")?;
    set(fd, libc::IPPROTO_IP, libc::IP_MULTICAST_LOOP, 0 as c_int, "IP_MULTICAST_LOOP")?;
    set(fd, libc::IPPROTO_IP, libc::IP_MULTICAST_TTL, 1 as c_int, "IP_MULTICAST_TTL")?;
    set(fd, libc::IPPROTO_IP, libc::IP_MULTICAST_IF, membership(endpoint.interface_index), "IP_MULTICAST_IF")?;
    set_dscp(fd, endpoint.dscp)?;
    bind(&socket, &address(Ipv4Addr::UNSPECIFIED, endpoint.port), &format!("{name}:{}", endpoint.port))?;
    if endpoint.stamped {
        set_stamps(fd)?;
    }
    Ok(socket)
}

fn connect_to_group(socket: &OwnedFd, port: u16) -> Result<()> {
    connect(socket, &address(PTP_PRIMARY, port), &format!("{PTP_PRIMARY}:{port}"))
}

fn membership(interface_index: u32) -> ip_mreqn {
    ip_mreqn {
        imr_multiaddr: in_addr { s_addr: u32::from_ne_bytes(PTP_PRIMARY.octets()) },
        imr_address: in_addr { s_addr: 0 },
        imr_ifindex: interface_index as c_int,
    }
}

pub fn interface_index(name: &str) -> Result<u32> {
    let text = CString::new(name).map_err(|_| Failure::argument("the interface name contains NUL"))?;
    // SAFETY: NUL-terminated.
    match unsafe { libc::if_nametoindex(text.as_ptr()) } {
        0 => Err(Failure::last("if_nametoindex", name)),
        index => Ok(index),
    }
}

/// An ifreq with the interface's name and everything else zero.
pub fn interface_request(name: &str) -> Result<libc::ifreq> {
    // SAFETY: plain integers and unions of them: all zero is valid.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    if name.len() >= request.ifr_name.len() {
        return Err(Failure::system(libc::ENODEV, "ioctl", name));
    }
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    Ok(request)
}

/// EUI-48 of an interface; zeros for one without, such as lo.
pub fn hardware_address(socket: &OwnedFd, name: &str) -> Result<[u8; 6]> {
    let mut request = interface_request(name)?;
    // SAFETY: SIOCGIFHWADDR reads and writes an ifreq.
    check(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFHWADDR as _, &mut request) }, "ioctl", "SIOCGIFHWADDR")?;
    // SAFETY: that call has filled this member of the union.
    let data = unsafe { request.ifr_ifru.ifru_hwaddr.sa_data };
    Ok(std::array::from_fn(|index| data[index] as u8))
}
