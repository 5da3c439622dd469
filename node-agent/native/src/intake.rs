//! What is polled on the JavaScript thread: sockets that are drained into a ring, and JavaScript called once per batch.

use std::cell::{Cell, RefCell};
use std::ffi::c_int;
use std::os::fd::RawFd;
use std::rc::Rc;
use std::sync::Arc;

use crate::batch::Scratch;
use crate::clock_source::ClockSource;
use crate::drain::{discard, drain, fill_error, Source, BATCH};
use crate::errors::Result;
use crate::js::Callback;
use crate::ring::Ring;
use crate::stamp::StampKeys;

/// Batches of a full ring that one wake-up hands over before other handles of the event loop get their turn.
const ROUNDS: usize = 8;
/// Socket numbers in records.
pub const STAMPED: u32 = 0;
pub const PLAIN: u32 = 1;

/// The sockets of an owner as they are at this moment: no JavaScript may run while they are used, since it could close them.
#[derive(Clone, Copy)]
pub struct Descriptors {
    /// The one whose transmit stamps are read.
    pub stamped: RawFd,
    pub plain: Option<RawFd>,
}

#[derive(Default)]
struct Counters {
    packets: Cell<u64>,
    wake_ups: Cell<u64>,
    stamps: Cell<u64>,
    send_errors: Cell<u64>,
}

fn add(counter: &Cell<u64>, count: usize) {
    counter.set(counter.get() + count as u64);
}

pub struct Intake {
    pub ring: Ring,
    pub keys: StampKeys,
    scratch: RefCell<Box<Scratch<BATCH>>>,
    clock: Arc<ClockSource>,
    counters: Counters,
}

impl Intake {
    pub fn new(clock: &Arc<ClockSource>) -> Self {
        Self {
            ring: Ring::new(),
            keys: StampKeys::new(),
            scratch: RefCell::new(Scratch::new()),
            clock: Arc::clone(clock),
            counters: Counters::default(),
        }
    }

    /// The queues; transmit stamps first, because what answers a message must not overtake its stamp.
    fn queues(&self, sockets: Descriptors) -> (Source<'_>, Source<'_>, Option<Source<'_>>) {
        let Descriptors { stamped, plain } = sockets;
        (
            Source { fd: stamped, socket: STAMPED, stamps: Some(&self.keys) },
            Source { fd: stamped, socket: STAMPED, stamps: None },
            plain.map(|fd| Source { fd, socket: PLAIN, stamps: None }),
        )
    }

    fn drain(&self, sockets: Descriptors) -> usize {
        let mut scratch = self.scratch.borrow_mut();
        let converter = self.clock.converter();
        let mut read = |source| drain(&mut scratch, &self.ring, source, &converter);
        let (errors, first, second) = self.queues(sockets);
        let (stamps, first, second) = (read(errors), read(first), second.map(read).unwrap_or_default());
        let packets = first.messages + second.messages;
        add(&self.counters.stamps, stamps.messages);
        add(&self.counters.packets, packets);
        stamps.messages + packets + stamps.errors + first.errors + second.errors
    }

    fn discard(&self, sockets: Descriptors) {
        let mut scratch = self.scratch.borrow_mut();
        let (errors, first, second) = self.queues(sockets);
        for source in [Some(errors), Some(first), second].into_iter().flatten() {
            discard(&mut scratch, &self.ring, source);
        }
    }

    /// A record of our own: what the kernel tells elsewhere.
    pub fn report_error(&self, errno: c_int) {
        if self.ring.free() > 0 {
            fill_error(&self.ring.slot(0), STAMPED, errno as u32);
            self.ring.publish(1);
        } else {
            self.ring.count_dropped(1);
        }
    }

    /// 0 or an errno.
    pub fn count_sent(&self, sent: std::result::Result<(), c_int>) -> c_int {
        sent.err().inspect(|_| add(&self.counters.send_errors, 1)).unwrap_or(0)
    }

    /// As index.d.ts lists them.
    pub fn statistics(&self) -> [f64; 5] {
        let Counters { packets, wake_ups, stamps, send_errors } = &self.counters;
        let [packets, wake_ups, stamps, send_errors] =
            [packets, wake_ups, stamps, send_errors].map(|counter| counter.get() as f64);
        [packets, wake_ups, stamps, f64::from(self.ring.dropped()), send_errors]
    }
}

/// An owner of polled sockets.
pub trait Polled {
    fn intake(&self) -> &Intake;

    /// Err: closed.
    fn descriptors(&self) -> Result<Descriptors>;

    /// A handle of its own: the callback may close the owner.
    fn on_ready(&self) -> Option<Rc<Callback>>;

    /// Reads all queues. Returns the number of new records.
    fn drain(&self) -> Result<usize> {
        Ok(self.intake().drain(self.descriptors()?))
    }

    fn call_ready(&self) {
        if let Some(on_ready) = self.on_ready() {
            on_ready.call();
        }
    }

    /// The event loop found a socket readable.
    fn hand_over(&self) {
        let intake = self.intake();
        add(&intake.counters.wake_ups, 1);
        for _ in 0..ROUNDS {
            // Err: closed by the callback of the round before.
            let Ok(count) = self.drain() else { return };
            let full = intake.ring.free() == 0;
            if count == 0 && !full {
                return;
            }
            self.call_ready();
            if !full {
                return;
            }
            if intake.ring.free() == 0 {
                if let Ok(sockets) = self.descriptors() {
                    intake.discard(sockets);
                }
                return;
            }
        }
    }
}
