//! UDPv4 sockets as all of this module opens them: non-blocking, closed on exec, options set with their names in the error.

use std::ffi::{c_int, c_void};
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use libc::{in_addr, sockaddr_in, socklen_t, SOL_SOCKET};

use crate::errors::{check, Result};
use crate::stamp::SOCKET_FLAGS;

/// Makes POLLPRI say that the error queue holds something; libuv treats a bare POLLERR as fatal.
const SO_SELECT_ERR_QUEUE: c_int = 45;
const ADDRESS_BYTES: socklen_t = size_of::<sockaddr_in>() as socklen_t;

/// Unbound: nothing can reach it yet.
pub fn open_udp() -> Result<OwnedFd> {
    let kind = libc::SOCK_DGRAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: no memory is passed; a fresh descriptor belongs to nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(check(libc::socket(libc::AF_INET, kind, 0), "socket", "UDP")?) })
}

pub fn set<T>(fd: RawFd, level: c_int, option: c_int, value: T, name: &str) -> Result<()> {
    let (pointer, length) = (std::ptr::from_ref(&value).cast::<c_void>(), size_of::<T>() as socklen_t);
    // SAFETY: pointer and length describe `value`, a plain C type.
    check(unsafe { libc::setsockopt(fd, level, option, pointer, length) }, "setsockopt", name).map(drop)
}

/// The error queue shares this buffer: stamps are lost when it is small. FORCE goes beyond rmem_max where we are allowed to.
pub fn set_receive_buffer(fd: RawFd, bytes: c_int) -> Result<()> {
    set(fd, SOL_SOCKET, libc::SO_RCVBUFFORCE, bytes, "SO_RCVBUFFORCE")
        .or_else(|_| set(fd, SOL_SOCKET, libc::SO_RCVBUF, bytes, "SO_RCVBUF"))
}

/// `dscp`: 0 … 63.
pub fn set_dscp(fd: RawFd, dscp: u8) -> Result<()> {
    // The two low bits are ECN.
    set(fd, libc::IPPROTO_IP, libc::IP_TOS, c_int::from(dscp) << 2, "IP_TOS")
}

/// Receive stamps on everything, transmit stamps on what asks for one.
pub fn set_stamps(fd: RawFd) -> Result<()> {
    set(fd, SOL_SOCKET, SO_SELECT_ERR_QUEUE, 1 as c_int, "SO_SELECT_ERR_QUEUE")?;
    set(fd, SOL_SOCKET, libc::SO_TIMESTAMPING, SOCKET_FLAGS, "SO_TIMESTAMPING")
}

pub fn address(ip: Ipv4Addr, port: u16) -> sockaddr_in {
    sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: port.to_be(),
        sin_addr: in_addr { s_addr: u32::from_ne_bytes(ip.octets()) },
        sin_zero: [0; 8],
    }
}

/// `detail`: what the error says beside EADDRINUSE and the like.
pub fn bind(socket: &OwnedFd, to: &sockaddr_in, detail: &str) -> Result<()> {
    // SAFETY: pointer and length describe `to`.
    check(unsafe { libc::bind(socket.as_raw_fd(), std::ptr::from_ref(to).cast(), ADDRESS_BYTES) }, "bind", detail).map(drop)
}

pub fn connect(socket: &OwnedFd, to: &sockaddr_in, detail: &str) -> Result<()> {
    // SAFETY: pointer and length describe `to`.
    check(unsafe { libc::connect(socket.as_raw_fd(), std::ptr::from_ref(to).cast(), ADDRESS_BYTES) }, "connect", detail).map(drop)
}

/// The address that a connected socket sends from.
pub fn local_address(socket: &OwnedFd) -> Result<Ipv4Addr> {
    let mut found = address(Ipv4Addr::UNSPECIFIED, 0);
    let mut length = ADDRESS_BYTES;
    let pointer = std::ptr::from_mut(&mut found).cast();
    // SAFETY: pointer and length describe `found`.
    check(unsafe { libc::getsockname(socket.as_raw_fd(), pointer, &mut length) }, "getsockname", "")?;
    Ok(Ipv4Addr::from(found.sin_addr.s_addr.to_ne_bytes()))
}

/// Takes a pending error off the socket: unread, it makes every wait return at once and fails the next send, which has nothing to
/// do with it. The error queue keeps what it holds.
pub fn clear_error(fd: RawFd) {
    let mut error = 0i32;
    let mut length = size_of::<i32>() as socklen_t;
    let value = std::ptr::from_mut(&mut error).cast();
    // SAFETY: pointer and length describe `error`.
    unsafe { libc::getsockopt(fd, SOL_SOCKET, libc::SO_ERROR, value, &mut length) };
}
