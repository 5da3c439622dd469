//! What a port does between its calls: polled on the JavaScript thread, it drains its sockets into the ring and calls JavaScript once
//! per batch.

use std::cell::{Cell, RefCell};
use std::ffi::c_int;
use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;

use libc::sockaddr_in;
use napi::sys;

use crate::errors::{Failure, Result};
use crate::intake::{Descriptors, Intake, Polled, PLAIN, STAMPED};
use crate::js::Callback;
use crate::link_watch::{is_present, LinkWatch};
use crate::outgoing::{send_plain, Destination};
use crate::port_options::PortOptions;
use crate::reservation::{Reservation, Use};
use crate::socket::{hardware_address, open_receiver, PTP_PRIMARY};
use crate::stamp::send_stamped;
use crate::udp::address;
use crate::uv::{Poll, PRIORITIZED, READABLE};

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

pub struct State {
    intake: Intake,
    sockets: RefCell<Option<Sockets>>,
    mode: Cell<EventPoll>,
    interface_index: u32,
    event_address: sockaddr_in,
    general_address: sockaddr_in,
}

impl Polled for State {
    fn intake(&self) -> &Intake {
        &self.intake
    }

    fn descriptors(&self) -> Result<Descriptors> {
        match &*self.sockets.borrow() {
            Some(sockets) => Ok(Descriptors { stamped: sockets.event.as_raw_fd(), plain: Some(sockets.general.as_raw_fd()) }),
            None => Err(Failure::closed("port")),
        }
    }

    fn on_ready(&self) -> Option<Rc<Callback>> {
        self.sockets.borrow().as_ref().map(|sockets| Rc::clone(&sockets.on_ready))
    }
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
            intake: Intake::new(&port.clock),
            sockets: RefCell::new(None),
            mode: Cell::new(EventPoll::Lazy),
            interface_index: port.interface_index,
            event_address: address(PTP_PRIMARY, port.event_port),
            general_address: address(PTP_PRIMARY, port.general_port),
        });
        let event_poll = Poll::watch(env, event.as_raw_fd(), &state, |state, status| state.on_packets(STAMPED, status))?;
        let general_poll = Poll::watch(env, general.as_raw_fd(), &state, |state, status| state.on_packets(PLAIN, status))?;
        let link_poll = Poll::watch(env, links.descriptor(), &state, |state, _status| state.on_link_change())?;
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
        let (socket, to) = (self.descriptors()?.stamped, Destination::To(&self.event_address));
        Ok(self.intake.count_sent(send_stamped(socket, to, message, key, &self.intake.keys)))
    }

    /// 0 or an errno.
    pub fn send_general(&self, message: &[u8]) -> Result<c_int> {
        let general = self.descriptors()?.plain.ok_or_else(|| Failure::closed("port"))?;
        Ok(self.intake.count_sent(send_plain(general, Destination::To(&self.general_address), message)))
    }

    fn on_packets(&self, socket: u32, status: c_int) {
        self.hand_over();
        // A pending socket error makes libuv stop polling; the drain has recorded and cleared it.
        if status < 0 {
            self.resume(socket);
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
        self.intake.report_error(libc::ENODEV);
        self.call_ready();
    }

    fn resume(&self, socket: u32) {
        let sockets = self.sockets.borrow();
        let Some(sockets) = &*sockets else { return };
        // Fails only when the descriptor cannot be polled at all, which it could be when it was opened.
        let _ = match (socket, self.mode.get()) {
            (_, EventPoll::Never) => Ok(()),
            (PLAIN, _) => sockets.general_poll.start(READABLE | PRIORITIZED),
            (_, EventPoll::Always) => sockets.event_poll.start(READABLE | PRIORITIZED),
            (_, EventPoll::Lazy) => Ok(()),
        };
    }
}
