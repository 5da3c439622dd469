//! `Port`: the event and the general socket of one interface, polled on the JavaScript thread and drained into a ring, one call of
//! JavaScript per batch.

use std::cell::{Cell, RefCell};
use std::ffi::c_int;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use libc::sockaddr_in;
use napi::bindgen_prelude::{This, Uint8Array};
use napi::{sys, Env, JsValue};
use napi_derive::napi;

use crate::clock_source::ClockSource;
use crate::drain::{discard, drain, Scratch, Source};
use crate::errors::{guard, Failure, Result};
use crate::js::{define_function, define_value, integer, read_array, read_number, Arguments, Callback, Fields, Text};
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
/// The largest UDP payload.
const LARGEST_MESSAGE: f64 = 65_507.0;

#[derive(Clone, Copy, PartialEq, Eq)]
enum EventPoll {
    Lazy,
    Always,
}

impl EventPoll {
    fn parse(text: &str) -> Result<Self> {
        match text {
            "lazy" => Ok(Self::Lazy),
            "always" => Ok(Self::Always),
            _ => Err(Failure::argument(format!("eventPoll is {text}, neither lazy nor always"))),
        }
    }
}

/// What is open; gone after close.
struct Sockets {
    /// Declared before the descriptors: polling ends first.
    event_poll: Poll,
    general_poll: Poll,
    event: OwnedFd,
    general: OwnedFd,
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

struct State {
    sockets: RefCell<Option<Sockets>>,
    mode: Cell<EventPoll>,
    ring: Ring,
    scratch: RefCell<Box<Scratch>>,
    keys: StampKeys,
    clock: Arc<ClockSource>,
    event_address: sockaddr_in,
    general_address: sockaddr_in,
    counters: Counters,
    on_ready: Callback,
}

impl State {
    /// Descriptors for this moment: no JavaScript may run while they are used, since it could close the port.
    fn descriptors(&self) -> Result<(RawFd, RawFd)> {
        match &*self.sockets.borrow() {
            Some(sockets) => Ok((sockets.event.as_raw_fd(), sockets.general.as_raw_fd())),
            None => Err(Failure::closed("port")),
        }
    }

    /// Reads all queues; transmit stamps first, because what answers a message must not overtake its stamp.
    fn drain(&self) -> Result<usize> {
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

    /// A wake-up of the event loop.
    fn on_wake_up(&self, socket: u32, status: c_int) {
        add(&self.counters.wake_ups, 1);
        for round in 0..ROUNDS {
            let outcome = self.drain();
            match outcome {
                // Closed by the callback of the round before.
                Err(_) if round > 0 => return,
                Ok(0) => break,
                outcome => self.on_ready.call(outcome.map(drop)),
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

    fn resume(&self, socket: u32) {
        let sockets = self.sockets.borrow();
        let Some(sockets) = &*sockets else { return };
        // Fails only when the descriptor cannot be polled at all, which it could be when it was opened.
        let _ = match (socket, self.mode.get()) {
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

    fn count_sent(&self, sent: std::result::Result<(), c_int>) -> Option<f64> {
        Some(f64::from(sent.err().inspect(|_| add(&self.counters.send_errors, 1)).unwrap_or(0)))
    }
}

#[napi]
pub struct Port {
    state: Rc<State>,
    interface_index: u32,
    hardware_address: [u8; 6],
}

#[napi]
impl Port {
    #[napi(constructor)]
    pub fn new(env: Env, this: This, options: Fields, on_ready: Callback) -> napi::Result<Self> {
        guard(env, || {
            let port = PortOptions::read(&options)?;
            let receive_buffer = options.integer(c"receiveBufferBytes", 1.0..=f64::from(1 << 30))? as c_int;
            let mode = EventPoll::parse(&options.text(c"eventPoll")?)?;
            let state = open(env.raw(), &port, receive_buffer, on_ready)?;
            apply_poll_mode(&state, mode)?;
            let hardware_address = match &*state.sockets.borrow() {
                Some(sockets) => hardware_address(&sockets.general, &port.interface_name)?,
                None => return Err(Failure::closed("port")),
            };
            define_value(env.raw(), this.object.raw(), c"ring", state.ring.array_buffer(env.raw())?)?;
            define_function(env.raw(), this.object.raw(), c"sendEvent", &state, send_event)?;
            define_function(env.raw(), this.object.raw(), c"sendGeneral", &state, send_general)?;
            Ok(Self { state, interface_index: port.interface_index, hardware_address })
        })
    }

    #[napi(getter)]
    pub fn interface_index(&self) -> u32 {
        self.interface_index
    }

    #[napi(getter)]
    pub fn hardware_address(&self) -> Uint8Array {
        Uint8Array::from(self.hardware_address.to_vec())
    }

    #[napi]
    pub fn set_event_poll(&self, env: Env, mode: Text) -> napi::Result<()> {
        guard(env, || apply_poll_mode(&self.state, EventPoll::parse(&mode.0)?))
    }

    #[napi]
    pub fn drain(&self, env: Env) -> napi::Result<u32> {
        guard(env, || Ok(self.state.drain()? as u32))
    }

    #[napi]
    pub fn statistics(&self) -> Vec<f64> {
        let counters = &self.state.counters;
        let [packets, wake_ups, stamps, send_errors] =
            [&counters.packets, &counters.wake_ups, &counters.stamps, &counters.send_errors].map(|counter| counter.get() as f64);
        vec![packets, wake_ups, stamps, f64::from(self.state.ring.dropped()), send_errors]
    }

    #[napi]
    pub fn close(&self, env: Env) -> napi::Result<()> {
        guard(env, || {
            drop(self.state.sockets.take());
            Ok(())
        })
    }
}

fn open(env: sys::napi_env, port: &PortOptions, receive_buffer: c_int, on_ready: Callback) -> Result<Rc<State>> {
    let reservations = port.reserve(Use::Receive)?;
    let event = open_receiver(&port.event(), receive_buffer)?;
    let general = open_receiver(&port.general(), receive_buffer)?;
    let state = Rc::new(State {
        sockets: RefCell::new(None),
        mode: Cell::new(EventPoll::Lazy),
        ring: Ring::new(),
        scratch: RefCell::new(Scratch::new()),
        keys: StampKeys::new(),
        clock: Arc::clone(&port.clock),
        event_address: address(PTP_PRIMARY, port.event_port),
        general_address: address(PTP_PRIMARY, port.general_port),
        counters: Counters::default(),
        on_ready,
    });
    let poll = |socket: u32, descriptor: &OwnedFd| {
        let state: Weak<State> = Rc::downgrade(&state);
        Poll::new(env, descriptor.as_raw_fd(), move |status| {
            if let Some(state) = state.upgrade() {
                state.on_wake_up(socket, status);
            }
        })
    };
    let (event_poll, general_poll) = (poll(EVENT, &event)?, poll(GENERAL, &general)?);
    general_poll.start(READABLE | PRIORITIZED)?;
    *state.sockets.borrow_mut() = Some(Sockets { event_poll, general_poll, event, general, _reservations: reservations });
    Ok(state)
}

fn apply_poll_mode(state: &State, mode: EventPoll) -> Result<()> {
    let sockets = state.sockets.borrow();
    let sockets = sockets.as_ref().ok_or_else(|| Failure::closed("port"))?;
    state.mode.set(mode);
    match mode {
        EventPoll::Always => sockets.event_poll.start(READABLE | PRIORITIZED)?,
        EventPoll::Lazy => sockets.event_poll.stop(),
    }
    Ok(())
}

/// The first `length` octets of a Uint8Array.
fn message<'a>(env: sys::napi_env, arguments: &'a Arguments) -> Result<&'a [u8]> {
    let (data, available) = read_array(env, arguments[0], sys::TypedarrayType::uint8_array)?;
    let length = integer(read_number(env, arguments[1], "length")?, "length", 1.0..=LARGEST_MESSAGE)? as usize;
    if length > available {
        return Err(Failure::argument(format!("length is {length}, the message has {available} octets")));
    }
    // SAFETY: `available` octets are there; no JavaScript runs before the caller has sent them.
    Ok(unsafe { std::slice::from_raw_parts(data.cast::<u8>(), length) })
}

fn send_event(state: &State, env: sys::napi_env, arguments: &Arguments) -> Result<Option<f64>> {
    let (event, _) = state.descriptors()?;
    let message = message(env, arguments)?;
    let key = integer(read_number(env, arguments[2], "key")?, "key", 0.0..=f64::from(u32::MAX))? as u32;
    Ok(state.count_sent(send_stamped(event, Some(&state.event_address), message, key, &state.keys)))
}

fn send_general(state: &State, env: sys::napi_env, arguments: &Arguments) -> Result<Option<f64>> {
    let (_, general) = state.descriptors()?;
    let message = message(env, arguments)?;
    Ok(state.count_sent(send_plain(general, Some(&state.general_address), message)))
}
