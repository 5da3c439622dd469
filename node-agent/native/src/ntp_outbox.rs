//! Answers on their way: a batch goes out with few system calls, each answer with a transmit stamp from just before its call.

use std::os::fd::RawFd;

use libc::{in_addr, mmsghdr, sockaddr_in};

use crate::clock_source::Converter;
use crate::errors::last_errno;
use crate::ntp_message::{transmit_stamp, Header, Request, LENGTH};
use crate::outgoing::{Destination, Outgoing};
use crate::time::host_ns;

/// Answers of one system call. The last of them leaves some 20 µs after its transmit stamp was read: only in a flood are there so many.
const CHUNK: usize = 16;

/// An answer that lacks its transmit stamp.
pub struct Waiting {
    pub request: Request,
    pub receive: u64,
    pub to: sockaddr_in,
    pub from: in_addr,
}

pub struct Outbox {
    waiting: Vec<Waiting>,
    answers: [Header; CHUNK],
    outgoing: [Outgoing; CHUNK],
    messages: [mmsghdr; CHUNK],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub sent: usize,
    pub failed: usize,
}

impl Outbox {
    pub fn new(capacity: usize) -> Self {
        Self {
            waiting: Vec::with_capacity(capacity),
            answers: [[0; LENGTH]; CHUNK],
            outgoing: [Outgoing::new(); CHUNK],
            // SAFETY: integers and pointers; all zero is valid.
            messages: unsafe { std::mem::zeroed() },
        }
    }

    pub fn push(&mut self, waiting: Waiting) {
        self.waiting.push(waiting);
    }

    /// Sends all of them; `header` as `Request::answer` takes it.
    pub fn flush(&mut self, fd: RawFd, header: &Header, converter: &Converter) -> Outcome {
        let mut outcome = Outcome::default();
        for chunk in self.waiting.chunks(CHUNK) {
            let places = self.answers.iter_mut().zip(&mut self.outgoing).zip(&mut self.messages);
            for (Waiting { request, receive, to, from }, ((answer, outgoing), message)) in chunk.iter().zip(places) {
                let transmit = transmit_stamp(converter.at(host_ns(libc::CLOCK_REALTIME)).ns);
                *answer = request.answer(header, request.transmit, *receive, transmit);
                message.msg_hdr = outgoing.describe(answer, Destination::Back { to, from: *from });
            }
            send_all(fd, &mut self.messages[..chunk.len()], &mut outcome);
        }
        self.waiting.clear();
        outcome
    }
}

fn send_all(fd: RawFd, messages: &mut [mmsghdr], outcome: &mut Outcome) {
    let mut next = 0;
    while next < messages.len() {
        let rest = &mut messages[next..];
        let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
        // SAFETY: pointer and length describe `rest`; what its headers point to has not moved since they were described.
        let sent = unsafe { libc::sendmmsg(fd, rest.as_mut_ptr(), rest.len() as u32, flags) };
        if sent > 0 {
            next += sent as usize;
            outcome.sent += sent as usize;
        } else if last_errno() != libc::EINTR {
            // It is the first of the rest that failed; the others may go elsewhere.
            next += 1;
            outcome.failed += 1;
        }
    }
}
