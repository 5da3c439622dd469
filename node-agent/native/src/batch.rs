//! Receives many messages with one system call, each with what the kernel notes beside it.

use std::ffi::c_int;
use std::os::fd::RawFd;
use std::ptr::null_mut;

use libc::{iovec, mmsghdr, sockaddr_in};

use crate::errors::last_errno;
use crate::notes::{read_notes, Notes};

/// Room for the control messages of one datagram: stamp 64, packet info 32, extended error 48 with its address.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct ControlSpace([u8; 256]);

/// Reused buffers of recvmmsg.
pub struct Scratch<const COUNT: usize> {
    messages: [mmsghdr; COUNT],
    vectors: [iovec; COUNT],
    sources: [sockaddr_in; COUNT],
    controls: [ControlSpace; COUNT],
}

impl<const COUNT: usize> Scratch<COUNT> {
    pub fn new() -> Box<Self> {
        // SAFETY: integers and pointers only; all zero is valid.
        unsafe { Box::new(std::mem::zeroed()) }
    }

    /// Points message `index` at `payload` (of `length` octets) and at this scratch's own buffers.
    pub fn aim(&mut self, index: usize, payload: *mut libc::c_void, length: usize) {
        self.vectors[index] = iovec { iov_base: payload, iov_len: length };
        let header = &mut self.messages[index].msg_hdr;
        header.msg_iov = &mut self.vectors[index];
        header.msg_iovlen = 1;
        header.msg_name = std::ptr::from_mut(&mut self.sources[index]).cast();
        header.msg_namelen = size_of::<sockaddr_in>() as libc::socklen_t;
        header.msg_control = std::ptr::from_mut(&mut self.controls[index]).cast();
        header.msg_controllen = size_of::<ControlSpace>();
        header.msg_flags = 0;
    }

    /// Receives up to `count` messages as aimed; an errno when there is none.
    pub fn receive(&mut self, fd: RawFd, count: usize, flags: c_int) -> Result<usize, c_int> {
        loop {
            // MSG_TRUNC: the length as sent, although the datagram is cut to the slot.
            let flags = libc::MSG_DONTWAIT | libc::MSG_TRUNC | flags;
            // SAFETY: the first `count` headers were aimed at buffers that live longer than this call.
            let received = unsafe { libc::recvmmsg(fd, self.messages.as_mut_ptr(), count as u32, flags, null_mut()) };
            match received {
                0 => return Err(libc::EAGAIN),
                1.. => return Ok(received as usize),
                _ => match last_errno() {
                    libc::EINTR => {}
                    errno => return Err(errno),
                },
            }
        }
    }

    /// Message `index` of those that came last.
    pub fn received(&self, index: usize) -> Received<'_> {
        let message = &self.messages[index];
        // SAFETY: recvmmsg has filled it, or `aim` has left a control buffer that is zero or was filled by an earlier call.
        let notes = unsafe { read_notes(&message.msg_hdr) };
        Received { length: message.msg_len, notes, from: &self.sources[index] }
    }
}

pub struct Received<'a> {
    /// As it was sent, octets.
    pub length: u32,
    pub notes: Notes,
    pub from: &'a sockaddr_in,
}
