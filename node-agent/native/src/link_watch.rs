//! Tells a port that its interface is gone. The kernel does not: sockets of a removed interface stay open and silent, which looks
//! just like a network without traffic.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use crate::errors::{check, Result};

/// linux/rtnetlink.h: link changes.
const RTMGRP_LINK: u32 = 1;
/// What one wake-up reads at most; the rest wakes again.
const READS: usize = 64;

/// A netlink socket that is readable after any link of the namespace has changed.
pub struct LinkWatch(OwnedFd);

impl LinkWatch {
    pub fn open() -> Result<Self> {
        let kind = libc::SOCK_RAW | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        // SAFETY: a fresh descriptor that belongs to nobody else.
        let socket = unsafe {
            OwnedFd::from_raw_fd(check(libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_ROUTE), "socket", "NETLINK_ROUTE")?)
        };
        // SAFETY: plain integers: all zero is valid.
        let mut address: libc::sockaddr_nl = unsafe { std::mem::zeroed() };
        address.nl_family = libc::AF_NETLINK as libc::sa_family_t;
        address.nl_groups = RTMGRP_LINK;
        let length = size_of::<libc::sockaddr_nl>() as libc::socklen_t;
        // SAFETY: pointer and length describe `address`.
        let bound = unsafe { libc::bind(socket.as_raw_fd(), std::ptr::from_ref(&address).cast(), length) };
        check(bound, "bind", "RTMGRP_LINK")?;
        Ok(Self(socket))
    }

    pub fn descriptor(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Takes the news off the socket. What they say does not matter: messages get lost when many come, the answer to a question
    /// does not.
    pub fn clear(&self) {
        let mut sink = [0u8; 8];
        for _ in 0..READS {
            // SAFETY: the buffer is as long as said; longer messages are cut.
            let received = unsafe { libc::recv(self.descriptor(), sink.as_mut_ptr().cast(), sink.len(), libc::MSG_DONTWAIT) };
            if received < 0 {
                return;
            }
        }
    }
}

/// Whether the namespace of this thread still has the interface.
pub fn is_present(interface_index: u32) -> bool {
    let mut name: [libc::c_char; libc::IF_NAMESIZE] = [0; libc::IF_NAMESIZE];
    // SAFETY: the buffer has the size that the call demands.
    unsafe { !libc::if_indextoname(interface_index, name.as_mut_ptr()).is_null() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::interface_index;

    #[test]
    fn lo_is_present_and_a_number_that_nobody_has_is_not() {
        assert!(is_present(interface_index("lo").unwrap()));
        assert!(!is_present(0x7fff_fff0));
    }

    #[test]
    fn clearing_a_socket_without_news_returns_at_once() {
        LinkWatch::open().unwrap().clear();
    }
}
