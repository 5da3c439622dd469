//! Empties a socket into the ring: up to 16 messages a system call, straight into their slots, each stamp converted on the spot. The
//! conversion must happen here: once the clock is stepped again and again, only stamps that are still fresh find their adjustment.

use std::ffi::c_int;
use std::os::fd::RawFd;

use libc::sockaddr_in;

use crate::batch::{Received, Scratch};
use crate::clock_source::Converter;
use crate::layout::{kind, slot};
use crate::notes::Notes;
use crate::ring::{Ring, Slot};
use crate::stamp::StampKeys;
use crate::time::{host_ns, split};

pub const BATCH: usize = 16;
/// A flood may fill the queue as fast as it is thrown away; the event loop has other things to do as well.
const DISCARD_BATCHES: usize = 256;

/// Who sent a transmit stamp.
const NOBODY: sockaddr_in = sockaddr_in { sin_family: 0, sin_port: 0, sin_addr: libc::in_addr { s_addr: 0 }, sin_zero: [0; 8] };

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

/// How many records a drain made; those of errors are neither packets nor stamps.
#[derive(Clone, Copy, Default)]
pub struct Drained {
    pub messages: usize,
    pub errors: usize,
}

/// Reads until the queue is empty or the ring is full.
pub fn drain(scratch: &mut Scratch<BATCH>, ring: &Ring, source: Source, converter: &Converter) -> Drained {
    let mut total = Drained::default();
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
                total.errors += 1;
                return total;
            }
        };
        let now_ns = host_ns(libc::CLOCK_REALTIME);
        for index in 0..received {
            let record = ring.slot(index);
            let Received { length, notes, from } = scratch.received(index);
            record.set_u32(slot::LENGTH, length);
            match (source.stamps, notes.id) {
                (None, _) => fill(&record, source.socket, (kind::RECEIVED, 0), notes.interface_index, from),
                (Some(keys), Some(id)) => {
                    fill(&record, source.socket, (kind::TRANSMIT_STAMP, keys.key(id)), notes.interface_index, &NOBODY);
                }
                (Some(_), None) => {
                    fill_error(&record, source.socket, notes.errno.unwrap_or(0));
                    total.errors += 1;
                    continue;
                }
            }
            fill_time(&record, notes, now_ns, converter);
            total.messages += 1;
        }
        ring.publish(received);
        if received < room {
            return total;
        }
    }
}

/// Throws away what waits in a queue and counts it: the ring is full although its consumer has just been called, and a socket that
/// stays readable would keep the event loop spinning.
pub fn discard(scratch: &mut Scratch<BATCH>, ring: &Ring, source: Source) {
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

fn fill(record: &Slot, socket: u32, (kind, key): (usize, u32), interface_index: u32, from: &sockaddr_in) {
    record.set_u32(slot::KIND, kind as u32);
    record.set_u32(slot::SOCKET, socket);
    record.set_u32(slot::KEY, key);
    record.set_u32(slot::INTERFACE_INDEX, interface_index);
    record.set_u32(slot::SOURCE_ADDRESS, from.sin_addr.s_addr);
    record.set_u32(slot::SOURCE_PORT, u32::from(u16::from_be(from.sin_port)));
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
