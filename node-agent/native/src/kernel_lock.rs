//! One owner per kernel clock: an abstract Unix socket that only one process at a time can have bound. The kernel takes it back when the
//! process ends, however it ends. Its name is one of the network namespace, so that agents of the host's network exclude each other
//! whatever containers they are in; agents in network namespaces of their own, which only labs have, do not see each other.

use std::mem::offset_of;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use libc::{sa_family_t, sockaddr_un, socklen_t, ucred};

use crate::errors::{check, last_errno, Failure, Result};

/// Connections of those who asked who holds it; nobody accepts them.
const BACKLOG: i32 = 4096;

/// The right to steer; given back when dropped.
#[derive(Debug)]
pub struct KernelLock {
    _socket: OwnedFd,
}

impl KernelLock {
    /// `name`: of the clock on this host, at most 80 octets. Fails with EWOULDBLOCK and the holder's process.
    pub fn take(name: &str, uri: &str) -> Result<Self> {
        let socket = open_socket()?;
        let (address, length) = address_of(name);
        // SAFETY: pointer and length describe `address`.
        if unsafe { libc::bind(socket.as_raw_fd(), std::ptr::from_ref(&address).cast(), length) } != 0 {
            let errno = last_errno();
            return Err(match errno {
                libc::EADDRINUSE => Failure::held(uri, &describe_holder(&address, length)),
                _ => Failure::system(errno, "bind", &format!("the lock of {uri}")),
            });
        }
        // SAFETY: takes no memory.
        check(unsafe { libc::listen(socket.as_raw_fd(), BACKLOG) }, "listen", &format!("the lock of {uri}"))?;
        Ok(Self { _socket: socket })
    }
}

fn open_socket() -> Result<OwnedFd> {
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: a fresh descriptor that belongs to nobody else.
    let fd = unsafe { libc::socket(libc::AF_UNIX, kind, 0) };
    // SAFETY: as above; `check` has refused a failed one.
    Ok(unsafe { OwnedFd::from_raw_fd(check(fd, "socket", "AF_UNIX")?) })
}

fn address_of(name: &str) -> (sockaddr_un, socklen_t) {
    // SAFETY: integers only, for which zero is valid.
    let mut address: sockaddr_un = unsafe { std::mem::zeroed() };
    address.sun_family = libc::AF_UNIX as sa_family_t;
    let text = format!("meridian-clock-{name}");
    // A first octet of 0 makes the name abstract.
    let room = address.sun_path[1..].iter_mut().zip(text.bytes());
    let length = room.map(|(place, octet)| *place = octet as libc::c_char).count();
    (address, (offset_of!(sockaddr_un, sun_path) + 1 + length) as socklen_t)
}

/// A process in another process namespace has no number in ours.
fn describe_holder(address: &sockaddr_un, length: socklen_t) -> String {
    match find_holder(address, length) {
        Some(ucred { pid, uid, .. }) if pid > 0 => format!("process {pid} (user {uid})"),
        Some(ucred { uid, .. }) => format!("a process of another container (user {uid})"),
        None => "another process".to_owned(),
    }
}

fn find_holder(address: &sockaddr_un, length: socklen_t) -> Option<ucred> {
    let socket = open_socket().ok()?;
    // SAFETY: pointer and length describe `address`.
    if unsafe { libc::connect(socket.as_raw_fd(), std::ptr::from_ref(address).cast(), length) } != 0 {
        return None;
    }
    let mut holder = ucred { pid: 0, uid: 0, gid: 0 };
    let mut size = size_of::<ucred>() as socklen_t;
    let place = std::ptr::from_mut(&mut holder).cast();
    // SAFETY: `place` has room for `size` octets.
    let status = unsafe { libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERCRED, place, &mut size) };
    (status == 0).then_some(holder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_owner_at_a_time_whom_the_next_one_learns() {
        let name = format!("test-{}", std::process::id());
        let lock = KernelLock::take(&name, "test:").unwrap();
        let refused = format!("{:?}", KernelLock::take(&name, "test:").unwrap_err());
        assert!(refused.contains("EWOULDBLOCK") && refused.contains(&format!("process {} ", std::process::id())), "{refused}");
        drop(lock);
        KernelLock::take(&name, "test:").unwrap();
    }
}
