//! UDP sockets as PTP over IPv4 needs them (IEEE 1588-2019 Annex C): one interface, multicast with TTL 1, software time stamps.

use std::ffi::{c_int, c_void, CString};
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use libc::{in_addr, ip_mreqn, sockaddr_in, socklen_t, SOL_SOCKET};

use crate::errors::{check, Failure, Result};
use crate::stamp::SOCKET_FLAGS;

/// PTP-primary: all messages but the peer delay mechanism's (IEEE 1588-2019 C.3).
pub const PTP_PRIMARY: Ipv4Addr = Ipv4Addr::new(224, 0, 1, 129);

/// Makes POLLPRI say that the error queue holds something; libuv treats a bare POLLERR as fatal.
const SO_SELECT_ERR_QUEUE: c_int = 45;

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
    // The error queue shares this buffer: stamps are lost when it is small. FORCE goes beyond rmem_max where we are allowed to.
    if set(fd, SOL_SOCKET, libc::SO_RCVBUFFORCE, receive_buffer_bytes, "SO_RCVBUFFORCE").is_err() {
        set(fd, SOL_SOCKET, libc::SO_RCVBUF, receive_buffer_bytes, "SO_RCVBUF")?;
    }
    set(fd, libc::IPPROTO_IP, libc::IP_PKTINFO, 1 as c_int, "IP_PKTINFO")?;
    set(fd, libc::IPPROTO_IP, libc::IP_ADD_MEMBERSHIP, membership(endpoint.interface_index), "IP_ADD_MEMBERSHIP")?;
    Ok(socket)
}

/// A socket that only sends. Connected to the group, it matches nothing that arrives: nobody sends *from* a multicast address.
pub fn open_sender(endpoint: &Endpoint) -> Result<OwnedFd> {
    let socket = open_bound(endpoint, true)?;
    connect(&socket, endpoint.port)?;
    Ok(socket)
}

/// The socket of a `Reservation`: fails when anybody holds the port, then lets our own sockets bind beside it, and gets no packets.
pub fn open_claim(interface_name: &str, port: u16) -> Result<OwnedFd> {
    let interface_index = interface_index(interface_name)?;
    let socket = open_bound(&Endpoint { interface_name, interface_index, port, dscp: 0, stamped: false }, false)?;
    set(socket.as_raw_fd(), SOL_SOCKET, libc::SO_REUSEADDR, 1 as c_int, "SO_REUSEADDR")?;
    // An interface without an address has no route to the group; unconnected, the claim still holds, and without memberships only
    // unicast could reach it, which needs an address as well.
    match connect(&socket, port) {
        Err(failure) if !failure.is_unreachable() => Err(failure),
        _ => Ok(socket),
    }
}

fn open_bound(endpoint: &Endpoint, shared: bool) -> Result<OwnedFd> {
    let name = endpoint.interface_name;
    let kind = libc::SOCK_DGRAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: no memory is passed; a fresh descriptor belongs to nobody else.
    let socket = unsafe { OwnedFd::from_raw_fd(check(libc::socket(libc::AF_INET, kind, 0), "socket", "UDP")?) };
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
    // The two low bits are ECN.
    set(fd, libc::IPPROTO_IP, libc::IP_TOS, c_int::from(endpoint.dscp) << 2, "IP_TOS")?;
    let any = address(Ipv4Addr::UNSPECIFIED, endpoint.port);
    // SAFETY: pointer and length describe `any`.
    let bound = unsafe { libc::bind(fd, std::ptr::from_ref(&any).cast(), size_of::<sockaddr_in>() as socklen_t) };
    check(bound, "bind", &format!("{name}:{}", endpoint.port))?;
    if endpoint.stamped {
        set(fd, SOL_SOCKET, SO_SELECT_ERR_QUEUE, 1 as c_int, "SO_SELECT_ERR_QUEUE")?;
        set(fd, SOL_SOCKET, libc::SO_TIMESTAMPING, SOCKET_FLAGS, "SO_TIMESTAMPING")?;
    }
    Ok(socket)
}

fn connect(socket: &OwnedFd, port: u16) -> Result<()> {
    let group = address(PTP_PRIMARY, port);
    let length = size_of::<sockaddr_in>() as socklen_t;
    // SAFETY: pointer and length describe `group`.
    let connected = unsafe { libc::connect(socket.as_raw_fd(), std::ptr::from_ref(&group).cast(), length) };
    check(connected, "connect", &format!("{PTP_PRIMARY}:{port}")).map(drop)
}

pub fn address(ip: Ipv4Addr, port: u16) -> sockaddr_in {
    sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: port.to_be(),
        sin_addr: in_addr { s_addr: u32::from_ne_bytes(ip.octets()) },
        sin_zero: [0; 8],
    }
}

fn membership(interface_index: u32) -> ip_mreqn {
    ip_mreqn {
        imr_multiaddr: in_addr { s_addr: u32::from_ne_bytes(PTP_PRIMARY.octets()) },
        imr_address: in_addr { s_addr: 0 },
        imr_ifindex: interface_index as c_int,
    }
}

fn set<T>(fd: RawFd, level: c_int, option: c_int, value: T, name: &str) -> Result<()> {
    let (pointer, length) = (std::ptr::from_ref(&value).cast::<c_void>(), size_of::<T>() as socklen_t);
    // SAFETY: pointer and length describe `value`, a plain C type.
    check(unsafe { libc::setsockopt(fd, level, option, pointer, length) }, "setsockopt", name).map(drop)
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
