//! Empties a socket into the ring: up to 16 messages a system call, straight into their slots, each stamp converted on the spot. The
//! conversion must happen here: once the clock is stepped again and again, only stamps that are still fresh find their adjustment.

use std::ffi::c_int;
use std::os::fd::RawFd;
use std::ptr::null_mut;

use libc::{iovec, mmsghdr, sockaddr_in};

use crate::clock_source::Converter;
use crate::errors::last_errno;
use crate::layout::{kind, slot};
use crate::ring::{Ring, Slot};
use crate::stamp::{read_notes, Notes, StampKeys};
use crate::time::{host_ns, split};

const BATCH: usize = 16;
/// A flood may fill the queue as fast as it is thrown away; the event loop has other things to do as well.
const DISCARD_BATCHES: usize = 256;

/// Room for the control messages of one datagram: stamp 64, packet info 32, extended error 48 with its address.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct ControlSpace([u8; 256]);

/// Reused buffers of recvmmsg.
pub struct Scratch {
    messages: [mmsghdr; BATCH],
    vectors: [iovec; BATCH],
    sources: [sockaddr_in; BATCH],
    controls: [ControlSpace; BATCH],
}

impl Scratch {
    pub fn new() -> Box<Self> {
        // SAFETY: integers and pointers only; all zero is valid.
        unsafe { Box::new(std::mem::zeroed()) }
    }

    /// Points message `index` at `payload` (of `length` octets) and at this scratch's own buffers.
    fn aim(&mut self, index: usize, payload: *mut libc::c_void, length: usize) {
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
    fn receive(&mut self, fd: RawFd, count: usize, flags: c_int) -> Result<usize, c_int> {
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
}

/// Which queue of which socket.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub fd: RawFd,
    /// 0 event, 1 general.
    pub socket: u32,
    /// The error queue, where transmit stamps arrive; with the keys they belong to.
    pub stamps: Option<&'a StampKeys>,
}

impl Source<'_> {
    fn flags(&self) -> c_int {
        if self.stamps.is_some() {
            libc::MSG_ERRQUEUE
        } else {
            0
        }
    }
}

/// Reads until the queue is empty or the ring is full. Returns the number of new records.
pub fn drain(scratch: &mut Scratch, ring: &Ring, source: Source, converter: &Converter) -> usize {
    let mut total = 0;
    loop {
        let room = ring.free().min(BATCH);
        if room == 0 {
            return total;
        }
        for index in 0..room {
            scratch.aim(index, ring.slot(index).payload(), slot::PAYLOAD_BYTES);
        }
        let received = match scratch.receive(source.fd, room, source.flags()) {
            Ok(count) => count,
            Err(libc::EAGAIN) => return total,
            Err(errno) => {
                // A pending error of the socket; reading it has cleared it.
                fill_error(&ring.slot(0), source.socket, errno as u32);
                ring.publish(1);
                return total + 1;
            }
        };
        let now_ns = host_ns(libc::CLOCK_REALTIME);
        for index in 0..received {
            let record = ring.slot(index);
            let message = &scratch.messages[index];
            // SAFETY: recvmmsg has just filled it.
            let notes = unsafe { read_notes(&message.msg_hdr) };
            record.set_u32(slot::LENGTH, message.msg_len);
            fill(&record, source, notes, &scratch.sources[index]);
            fill_time(&record, notes, now_ns, converter);
        }
        ring.publish(received);
        total += received;
        if received < room {
            return total;
        }
    }
}

/// Throws away what waits in a queue and counts it: the ring is full although its consumer has just been called, and a socket that
/// stays readable would keep the event loop spinning.
pub fn discard(scratch: &mut Scratch, ring: &Ring, source: Source) {
    let mut sink = [0u8; 8];
    for _ in 0..DISCARD_BATCHES {
        for index in 0..BATCH {
            scratch.aim(index, sink.as_mut_ptr().cast(), sink.len());
        }
        match scratch.receive(source.fd, BATCH, source.flags()) {
            Ok(count) => {
                ring.count_dropped(count);
                if count < BATCH {
                    return;
                }
            }
            Err(libc::EAGAIN) => return,
            // A pending error of the socket, one record as well.
            Err(_) => ring.count_dropped(1),
        }
    }
}

fn fill(record: &Slot, source: Source, notes: Notes, from: &sockaddr_in) {
    record.set_u32(slot::SOCKET, source.socket);
    record.set_u32(slot::INTERFACE_INDEX, notes.interface_index);
    match (source.stamps, notes.id) {
        (None, _) => {
            record.set_u32(slot::KIND, kind::RECEIVED as u32);
            record.set_u32(slot::KEY, 0);
            record.set_u32(slot::SOURCE_ADDRESS, from.sin_addr.s_addr);
            record.set_u32(slot::SOURCE_PORT, u32::from(u16::from_be(from.sin_port)));
        }
        (Some(keys), Some(id)) => {
            record.set_u32(slot::KIND, kind::TRANSMIT_STAMP as u32);
            record.set_u32(slot::KEY, keys.key(id));
            record.set_u32(slot::SOURCE_ADDRESS, 0);
            record.set_u32(slot::SOURCE_PORT, 0);
        }
        (Some(_), None) => fill_error(record, source.socket, notes.errno.unwrap_or(0)),
    }
}

pub fn fill_error(record: &Slot, socket: u32, errno: u32) {
    record.set_u32(slot::KIND, kind::ERROR as u32);
    record.set_u32(slot::SOCKET, socket);
    record.set_u32(slot::KEY, errno);
    for field in [slot::LENGTH, slot::NANOSECONDS, slot::INTERFACE_INDEX, slot::SOURCE_ADDRESS, slot::SOURCE_PORT, slot::LATENCY]
    {
        record.set_u32(field, 0);
    }
    for field in [slot::SECONDS, slot::RAW, slot::STEERING] {
        record.set_f64(field, 0.0);
    }
}

fn fill_time(record: &Slot, notes: Notes, now_ns: i64, converter: &Converter) {
    let Some(stamp_ns) = notes.stamp_ns else {
        record.set_u32(slot::NANOSECONDS, 0);
        record.set_u32(slot::LATENCY, 0);
        for field in [slot::SECONDS, slot::RAW, slot::STEERING] {
            record.set_f64(field, 0.0);
        }
        return;
    };
    let reading = converter.at(stamp_ns);
    let (seconds, nanoseconds) = split(reading.ns);
    record.set_f64(slot::SECONDS, seconds);
    record.set_u32(slot::NANOSECONDS, nanoseconds);
    // Negative when the host's clock was stepped back in between.
    record.set_u32(slot::LATENCY, now_ns.saturating_sub(stamp_ns).clamp(0, i64::from(u32::MAX)) as u32);
    record.set_f64(slot::RAW, reading.raw);
    record.set_f64(slot::STEERING, reading.steering);
}
