//! `DatagramSocket`: a UDPv4 socket that hears one peer only, stamped by the kernel both ways.

use std::cell::RefCell;
use std::ffi::c_int;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;

use libc::sockaddr_in;
use napi::bindgen_prelude::This;
use napi::{sys, Env, JsValue};
use napi_derive::napi;

use crate::clock::Clock;
use crate::errors::{guard, last_errno, Failure, Result};
use crate::intake::{Descriptors, Intake, Polled};
use crate::js::{Callback, Fields};
use crate::outgoing::Destination;
use crate::raw_function::{define_function, define_value, Arguments};
use crate::send_arguments::{read_key, read_message};
use crate::stamp::send_stamped;
use crate::udp::{address, clear_error, connect, local_address, open_udp, set, set_dscp, set_receive_buffer, set_stamps};
use crate::uv::{Poll, PRIORITIZED, READABLE};

/// What is open; gone after close.
struct Open {
    /// Declared before the descriptor: polling ends first.
    poll: Poll,
    socket: OwnedFd,
    on_ready: Rc<Callback>,
}

struct State {
    intake: Intake,
    open: RefCell<Option<Open>>,
}

impl Polled for State {
    fn intake(&self) -> &Intake {
        &self.intake
    }

    fn descriptors(&self) -> Result<Descriptors> {
        match &*self.open.borrow() {
            Some(open) => Ok(Descriptors { stamped: open.socket.as_raw_fd(), plain: None }),
            None => Err(Failure::closed("socket")),
        }
    }

    fn on_ready(&self) -> Option<Rc<Callback>> {
        self.open.borrow().as_ref().map(|open| Rc::clone(&open.on_ready))
    }
}

impl State {
    fn on_packets(&self, status: c_int) {
        self.hand_over();
        if let (true, Some(open)) = (status < 0, &*self.open.borrow()) {
            // A pending error makes libuv stop polling; the drain has cleared it. Starting fails only for a descriptor that cannot be
            // polled at all.
            let _ = open.poll.start(READABLE | PRIORITIZED);
        }
    }

    /// 0 or an errno.
    fn send(&self, message: &[u8], key: u32) -> Result<c_int> {
        let socket = self.descriptors()?.stamped;
        // What ICMP said of an earlier datagram would fail this one; it stands in the error queue and becomes a record.
        clear_error(socket);
        Ok(self.intake.count_sent(send_stamped(socket, Destination::Peer, message, key, &self.intake.keys)))
    }
}

#[napi]
pub struct DatagramSocket {
    state: Rc<State>,
    local_address: Ipv4Addr,
}

#[napi]
impl DatagramSocket {
    #[napi(constructor)]
    pub fn new(env: Env, this: This, options: Fields, on_ready: Callback) -> napi::Result<Self> {
        guard(env, || {
            let peer = read_peer(&options)?;
            let clock = Clock::from_options(&options)?;
            let dscp = options.integer(c"dscp", 0.0..=63.0)? as u8;
            let receive_buffer = options.integer(c"receiveBufferBytes", 1.0..=f64::from(1 << 30))? as c_int;
            let socket = open_connected(&peer, dscp, receive_buffer)?;
            let local_address = local_address(&socket)?;
            let state = Rc::new(State { intake: Intake::new(&clock), open: RefCell::new(None) });
            let poll = Poll::watch(env.raw(), socket.as_raw_fd(), &state, State::on_packets)?;
            poll.start(READABLE | PRIORITIZED)?;
            *state.open.borrow_mut() = Some(Open { poll, socket, on_ready: Rc::new(on_ready) });
            define_value(env.raw(), this.object.raw(), c"ring", state.intake.ring.array_buffer(env.raw())?)?;
            define_function(env.raw(), this.object.raw(), c"send", &state, send)?;
            Ok(Self { state, local_address })
        })
    }

    #[napi(getter)]
    pub fn local_address(&self) -> String {
        self.local_address.to_string()
    }

    #[napi]
    pub fn drain(&self, env: Env) -> napi::Result<u32> {
        guard(env, || Ok(self.state.drain()? as u32))
    }

    #[napi]
    pub fn statistics(&self) -> Vec<f64> {
        self.state.intake.statistics().to_vec()
    }

    #[napi]
    pub fn close(&self, env: Env) -> napi::Result<()> {
        guard(env, || {
            drop(self.state.open.take());
            Ok(())
        })
    }
}

fn read_peer(options: &Fields) -> Result<sockaddr_in> {
    let text = options.text(c"address")?;
    let one: Option<Ipv4Addr> = text.parse().ok();
    // Only one host's address makes connect() refuse everybody else: 0.0.0.0 means this host, replies never come from the others.
    let one = one.filter(|ip| !ip.is_unspecified() && !ip.is_multicast() && !ip.is_broadcast());
    let ip = one.ok_or_else(|| Failure::argument(format!("address is {text}, not the IPv4 address of one host")))?;
    Ok(address(ip, options.integer(c"udpPort", 1.0..=65535.0)? as u16))
}

fn open_connected(peer: &sockaddr_in, dscp: u8, receive_buffer: c_int) -> Result<OwnedFd> {
    let socket = open_udp()?;
    let fd = socket.as_raw_fd();
    set_receive_buffer(fd, receive_buffer)?;
    set_dscp(fd, dscp)?;
    set(fd, libc::IPPROTO_IP, libc::IP_PKTINFO, 1 as c_int, "IP_PKTINFO")?;
    // Without it a connected socket hears of refused ports only, not of unreachable hosts.
    set(fd, libc::IPPROTO_IP, libc::IP_RECVERR, 1 as c_int, "IP_RECVERR")?;
    set_stamps(fd)?;
    let (ip, port) = (Ipv4Addr::from(peer.sin_addr.s_addr.to_ne_bytes()), u16::from_be(peer.sin_port));
    connect(&socket, peer, &format!("{ip}:{port}"))?;
    discard_strangers(&socket)?;
    Ok(socket)
}

/// connect() takes a port before it takes the peer: what came in between is from anybody. The peer itself has not been asked yet.
fn discard_strangers(socket: &OwnedFd) -> Result<()> {
    let mut sink = [0u8; 1];
    loop {
        // SAFETY: pointer and length describe `sink`.
        let length = unsafe { libc::recv(socket.as_raw_fd(), sink.as_mut_ptr().cast(), sink.len(), libc::MSG_DONTWAIT) };
        if length >= 0 {
            continue;
        }
        match last_errno() {
            libc::EAGAIN => return Ok(()),
            libc::EINTR => {}
            errno => return Err(Failure::system(errno, "recv", "")),
        }
    }
}

fn send(state: &State, env: sys::napi_env, arguments: &Arguments) -> Result<Option<f64>> {
    let message = read_message(env, arguments)?;
    state.send(message, read_key(env, arguments)?).map(|errno| Some(f64::from(errno)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;

    #[test]
    fn what_is_sent_has_the_dscp_and_the_address_of_the_route() {
        let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
        let socket = open_connected(&address(Ipv4Addr::LOCALHOST, peer.local_addr().unwrap().port()), 46, 65_536).unwrap();
        assert_eq!(local_address(&socket).unwrap(), Ipv4Addr::LOCALHOST);
        let (mut tos, mut length) = (0 as c_int, size_of::<c_int>() as libc::socklen_t);
        let value = std::ptr::from_mut(&mut tos).cast();
        // SAFETY: pointer and length describe `tos`.
        unsafe { libc::getsockopt(socket.as_raw_fd(), libc::IPPROTO_IP, libc::IP_TOS, value, &mut length) };
        assert_eq!(tos, 46 << 2);
    }

    #[test]
    fn what_came_before_the_peer_was_known_is_thrown_away() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
        for _ in 0..3 {
            stranger.send_to(b"", socket.local_addr().unwrap()).unwrap();
        }
        discard_strangers(&socket.try_clone().unwrap().into()).unwrap();
        socket.set_nonblocking(true).unwrap();
        assert!(socket.recv(&mut [0]).is_err());
    }
}
