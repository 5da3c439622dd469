//! What a port does between its calls: polled on the JavaScript thread, it drains its sockets into the ring and calls JavaScript once
//! per batch.

use std::cell::{Cell, RefCell};
use std::ffi::c_int;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use libc::sockaddr_in;
use napi::sys;

use crate::clock_source::ClockSource;
use crate::drain::{discard, drain, fill_error, Scratch, Source};
use crate::errors::{Failure, Result};
use crate::js::Callback;
use crate::link_watch::{is_present, LinkWatch};
use crate::port_options::PortOptions;
use crate::reservation::{Reservation, Use};
use crate::ring::Ring;
use crate::socket::{address, hardware_address, open_receiver, PTP_PRIMARY};
use crate::stamp::{send_plain, send_stamped, StampKeys};
use crate::uv::{Poll, PRIORITIZED, READABLE};

/// Batches of a full ring that one wake-up hands over before other handles of the event loop get their turn.
const ROUNDS: usize = 8;
const EVENT: u32 = 0;
const GENERAL: u32 = 1;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum EventPoll {
    /// Whoever owns the port drains it: packets wait in the sockets, stamped.
    Never,
    /// The event socket is read when something comes on the general one: its packets need no answer.
    Lazy,
    Always,
}

impl EventPoll {
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "never" => Ok(Self::Never),
            "lazy" => Ok(Self::Lazy),
            "always" => Ok(Self::Always),
            _ => Err(Failure::argument(format!("eventPoll is {text}, none of never, lazy and always"))),
        }
    }
}

/// What is open; gone after close.
struct Sockets {
    /// Declared before the descriptors: polling ends first.
    event_poll: Poll,
    general_poll: Poll,
    link_poll: Poll,
    event: OwnedFd,
    general: OwnedFd,
    links: LinkWatch,
    on_ready: Rc<Callback>,
    _reservations: [Reservation; 2],
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

pub struct State {
    pub ring: Ring,
    sockets: RefCell<Option<Sockets>>,
    mode: Cell<EventPoll>,
    scratch: RefCell<Box<Scratch>>,
    keys: StampKeys,
    clock: Arc<ClockSource>,
    interface_index: u32,
    event_address: sockaddr_in,
    general_address: sockaddr_in,
    counters: Counters,
}

impl State {
    /// With the interface's EUI-48.
    pub fn open(
        env: sys::napi_env,
        port: &PortOptions,
        receive_buffer: c_int,
        on_ready: Callback,
    ) -> Result<(Rc<Self>, [u8; 6])> {
        let reservations = port.reserve(Use::Receive)?;
        let event = open_receiver(&port.event(), receive_buffer)?;
        let general = open_receiver(&port.general(), receive_buffer)?;
        let links = LinkWatch::open()?;
        let eui = hardware_address(&general, &port.interface_name)?;
        let state = Rc::new(Self {
            ring: Ring::new(),
            sockets: RefCell::new(None),
            mode: Cell::new(EventPoll::Lazy),
            scratch: RefCell::new(Scratch::new()),
            keys: StampKeys::new(),
            clock: Arc::clone(&port.clock),
            interface_index: port.interface_index,
            event_address: address(PTP_PRIMARY, port.event_port),
            general_address: address(PTP_PRIMARY, port.general_port),
            counters: Counters::default(),
        });
        let poll = |descriptor: RawFd, act: fn(&Self, c_int)| {
            let state: Weak<Self> = Rc::downgrade(&state);
            Poll::new(env, descriptor, move |status| {
                if let Some(state) = state.upgrade() {
                    act(&state, status);
                }
            })
        };
        let event_poll = poll(event.as_raw_fd(), |state, status| state.on_packets(EVENT, status))?;
        let general_poll = poll(general.as_raw_fd(), |state, status| state.on_packets(GENERAL, status))?;
        let link_poll = poll(links.descriptor(), |state, _status| state.on_link_change())?;
        general_poll.start(READABLE | PRIORITIZED)?;
        link_poll.start(READABLE)?;
        let on_ready = Rc::new(on_ready);
        let sockets =
            Sockets { event_poll, general_poll, link_poll, event, general, links, on_ready, _reservations: reservations };
        *state.sockets.borrow_mut() = Some(sockets);
        Ok((state, eui))
    }

    pub fn close(&self) {
        drop(self.sockets.take());
    }

    /// Descriptors for this moment: no JavaScript may run while they are used, since it could close the port.
    fn descriptors(&self) -> Result<(RawFd, RawFd)> {
        match &*self.sockets.borrow() {
            Some(sockets) => Ok((sockets.event.as_raw_fd(), sockets.general.as_raw_fd())),
            None => Err(Failure::closed("port")),
        }
    }

    pub fn set_event_poll(&self, mode: EventPoll) -> Result<()> {
        let sockets = self.sockets.borrow();
        let sockets = sockets.as_ref().ok_or_else(|| Failure::closed("port"))?;
        self.mode.set(mode);
        match mode {
            EventPoll::Always => sockets.event_poll.start(READABLE | PRIORITIZED)?,
            EventPoll::Lazy | EventPoll::Never => sockets.event_poll.stop(),
        }
        match mode {
            EventPoll::Never => sockets.general_poll.stop(),
            EventPoll::Lazy | EventPoll::Always => sockets.general_poll.start(READABLE | PRIORITIZED)?,
        }
        Ok(())
    }

    /// 0 or an errno.
    pub fn send_event(&self, message: &[u8], key: u32) -> Result<c_int> {
        let (event, _) = self.descriptors()?;
        Ok(self.count_sent(send_stamped(event, Some(&self.event_address), message, key, &self.keys)))
    }

    /// 0 or an errno.
    pub fn send_general(&self, message: &[u8]) -> Result<c_int> {
        let (_, general) = self.descriptors()?;
        Ok(self.count_sent(send_plain(general, Some(&self.general_address), message)))
    }

    fn count_sent(&self, sent: std::result::Result<(), c_int>) -> c_int {
        sent.err().inspect(|_| add(&self.counters.send_errors, 1)).unwrap_or(0)
    }

    /// As index.d.ts lists them.
    pub fn statistics(&self) -> [f64; 5] {
        let Counters { packets, wake_ups, stamps, send_errors } = &self.counters;
        let [packets, wake_ups, stamps, send_errors] =
            [packets, wake_ups, stamps, send_errors].map(|counter| counter.get() as f64);
        [packets, wake_ups, stamps, f64::from(self.ring.dropped()), send_errors]
    }

    /// Reads all queues; transmit stamps first, because what answers a message must not overtake its stamp.
    pub fn drain(&self) -> Result<usize> {
        let (event, general) = self.descriptors()?;
        let mut scratch = self.scratch.borrow_mut();
        let converter = self.clock.converter();
        let mut read = |source| drain(&mut scratch, &self.ring, source, &converter);
        let stamps = read(Source { fd: event, socket: EVENT, stamps: Some(&self.keys) });
        let packets =
            read(Source { fd: event, socket: EVENT, stamps: None }) + read(Source { fd: general, socket: GENERAL, stamps: None });
        add(&self.counters.stamps, stamps);
        add(&self.counters.packets, packets);
        Ok(stamps + packets)
    }

    fn on_packets(&self, socket: u32, status: c_int) {
        add(&self.counters.wake_ups, 1);
        for _ in 0..ROUNDS {
            // Err: closed by the callback of the round before.
            let Ok(count) = self.drain() else { return };
            let full = self.ring.free() == 0;
            if count == 0 && !full {
                break;
            }
            self.call_ready();
            if !full {
                break;
            }
            if self.ring.free() == 0 {
                self.discard();
                break;
            }
        }
        // A pending socket error makes libuv stop polling; the drain has recorded and cleared it.
        if status < 0 {
            self.resume(socket);
        }
    }

    fn call_ready(&self) {
        // A handle of its own: the callback may close the port.
        let on_ready = self.sockets.borrow().as_ref().map(|sockets| Rc::clone(&sockets.on_ready));
        if let Some(on_ready) = on_ready {
            on_ready.call();
        }
    }

    fn on_link_change(&self) {
        let gone = match &*self.sockets.borrow() {
            Some(sockets) => {
                sockets.links.clear();
                let gone = !is_present(self.interface_index);
                if gone {
                    sockets.link_poll.stop();
                }
                gone
            }
            None => return,
        };
        if !gone {
            return;
        }
        if self.ring.free() > 0 {
            fill_error(&self.ring.slot(0), EVENT, libc::ENODEV as u32);
            self.ring.publish(1);
        } else {
            self.ring.count_dropped(1);
        }
        self.call_ready();
    }

    fn resume(&self, socket: u32) {
        let sockets = self.sockets.borrow();
        let Some(sockets) = &*sockets else { return };
        // Fails only when the descriptor cannot be polled at all, which it could be when it was opened.
        let _ = match (socket, self.mode.get()) {
            (_, EventPoll::Never) => Ok(()),
            (GENERAL, _) => sockets.general_poll.start(READABLE | PRIORITIZED),
            (_, EventPoll::Always) => sockets.event_poll.start(READABLE | PRIORITIZED),
            (_, EventPoll::Lazy) => Ok(()),
        };
    }

    fn discard(&self) {
        let Ok((event, general)) = self.descriptors() else { return };
        let mut scratch = self.scratch.borrow_mut();
        discard(&mut scratch, &self.ring, Source { fd: event, socket: EVENT, stamps: Some(&self.keys) });
        discard(&mut scratch, &self.ring, Source { fd: event, socket: EVENT, stamps: None });
        discard(&mut scratch, &self.ring, Source { fd: general, socket: GENERAL, stamps: None });
    }
}
