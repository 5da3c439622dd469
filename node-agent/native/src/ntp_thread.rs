//! The thread of an NtpServer: answers whatever JavaScript does.
//!
//! Over the rate of an address it is silent and sends no kiss of death (RATE, RFC 5905 7.4): whoever forges the address of a client
//! would make us tell that client to go away, and well-behaved clients slow down by themselves when answers fail to come.
//!
//! RFC 9769 section 2 would have every answer remembered for the interleaved mode (SHOULD). Only those are that a client refers to by
//! a receive stamp: the others, nearly all of a large server's clients, would cost a stamp each and never ask for it. An interleaved
//! client gets its first interleaved answer one exchange later.

use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use libc::{in_addr, pollfd};

use crate::allow_list::AllowList;
use crate::batch::{Received, Scratch};
use crate::clock_source::{ClockSource, Converter};
use crate::errors::{contain, last_errno, Failure, Result};
use crate::ntp_exchanges::Exchanges;
use crate::ntp_message::{receive_stamp, transmit_stamp, Header, Request, LENGTH};
use crate::ntp_outbox::{Outbox, Outcome, Waiting};
use crate::ntp_statement::Statement;
use crate::outgoing::Destination;
use crate::rate_limit::{Rate, RateLimit};
use crate::signal::Signal;
use crate::stamp::{send_stamped, StampKeys};
use crate::time::host_ns;
use crate::udp::clear_error;

const BATCH: usize = 64;
/// Batches between two looks at whether the end has come.
const ROUNDS: usize = 16;
const STAMP_BATCH: usize = 16;
/// As many stamps as an error queue may hold after a flood; the rest is read next time.
const STAMP_ROUNDS: usize = 64;
/// Silence after a failure that must not happen, so that one which happens again and again does not take the processor.
const PAUSE_MS: i32 = 1_000;

#[derive(Default)]
pub struct Counters {
    pub answers: AtomicU64,
    pub interleaved: AtomicU64,
    pub not_allowed: AtomicU64,
    pub malformed: AtomicU64,
    pub rate_limited: AtomicU64,
    pub send_errors: AtomicU64,
}

fn add(counter: &AtomicU64, count: usize) {
    counter.fetch_add(count as u64, Relaxed);
}

/// What the thread and its owner share while the server runs.
pub struct Shared {
    statement: Mutex<Statement>,
    pub counters: Arc<Counters>,
    pub signal: Arc<Signal>,
}

impl Shared {
    pub fn new() -> Result<Self> {
        let statement = Mutex::new(Statement::unsynchronized());
        Ok(Self { statement, counters: Arc::default(), signal: Arc::new(Signal::new()?) })
    }

    /// Held for a copy only.
    fn statement(&self) -> MutexGuard<'_, Statement> {
        // A panic elsewhere leaves it whole: each change is one assignment.
        self.statement.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set_statement(&self, statement: Statement) {
        *self.statement() = statement;
    }
}

pub struct NtpThread {
    pub shared: Arc<Shared>,
    pub clock: Arc<ClockSource>,
    pub socket: OwnedFd,
    pub allowed: AllowList,
    pub rate: Rate,
}

impl NtpThread {
    pub fn run(self) -> Result<()> {
        let mut responder = Responder::new(&self);
        while !self.shared.signal.is_stopped() {
            // A panic is reported by its hook and costs one batch and a pause, not the server.
            if contain(|| responder.serve()).is_err() {
                wait(&mut [readable(self.shared.signal.descriptor(), libc::POLLIN)], PAUSE_MS);
            }
        }
        Ok(())
    }
}

fn readable(fd: i32, events: i16) -> pollfd {
    pollfd { fd, events, revents: 0 }
}

fn wait(fds: &mut [pollfd], timeout_ms: i32) -> i32 {
    // SAFETY: pointer and length describe `fds`.
    unsafe { libc::poll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, timeout_ms) }
}

/// What holds for all requests of a batch.
struct Moment<'a> {
    converter: Converter<'a>,
    /// CLOCK_REALTIME and CLOCK_MONOTONIC, ns.
    real_ns: i64,
    monotonic_ns: i64,
    era: u64,
    header: Header,
}

struct Responder<'a> {
    thread: &'a NtpThread,
    incoming: Box<Scratch<BATCH>>,
    requests: Box<[Header; BATCH]>,
    stamps: Box<Scratch<STAMP_BATCH>>,
    outbox: Outbox,
    keys: StampKeys,
    exchanges: Exchanges,
    limit: RateLimit,
    /// A stamp may lie in the error queue.
    stamps_due: bool,
}

impl<'a> Responder<'a> {
    fn new(thread: &'a NtpThread) -> Self {
        Self {
            thread,
            incoming: Scratch::new(),
            requests: Box::new([[0; LENGTH]; BATCH]),
            stamps: Scratch::new(),
            outbox: Outbox::new(BATCH),
            keys: StampKeys::new(),
            exchanges: Exchanges::new(),
            limit: RateLimit::new(thread.rate),
            stamps_due: false,
        }
    }

    fn socket(&self) -> i32 {
        self.thread.socket.as_raw_fd()
    }

    /// Until the end has come.
    fn serve(&mut self) -> Result<()> {
        let shared = &*self.thread.shared;
        while !shared.signal.is_stopped() {
            let mut fds =
                [readable(self.socket(), libc::POLLIN | libc::POLLPRI), readable(shared.signal.descriptor(), libc::POLLIN)];
            if wait(&mut fds, -1) < 0 && last_errno() != libc::EINTR {
                return Err(Failure::last("poll", ""));
            }
            if fds[0].revents & libc::POLLERR != 0 && self.read_stamps() == 0 {
                clear_error(self.socket());
            }
            if fds[0].revents & libc::POLLIN != 0 {
                self.answer_waiting();
            }
        }
        Ok(())
    }

    fn answer_waiting(&mut self) {
        for _ in 0..ROUNDS {
            for (index, request) in self.requests.iter_mut().enumerate() {
                self.incoming.aim(index, request.as_mut_ptr().cast(), LENGTH);
            }
            // Err: nothing waits, or a pending error that this has cleared.
            let Ok(count) = self.incoming.receive(self.socket(), BATCH, 0) else { return };
            self.answer_batch(count);
            if count < BATCH {
                return;
            }
        }
    }

    fn answer_batch(&mut self, count: usize) {
        if self.stamps_due {
            // What a request refers to may have left an instant ago.
            self.read_stamps();
        }
        let thread = self.thread;
        let converter = thread.clock.converter();
        let real_ns = host_ns(libc::CLOCK_REALTIME);
        let era = converter.at(real_ns).era;
        let header = thread.shared.statement().at(host_ns(libc::CLOCK_BOOTTIME), era);
        let moment = Moment { converter, real_ns, monotonic_ns: host_ns(libc::CLOCK_MONOTONIC), era, header };
        for index in 0..count {
            self.answer(index, &moment);
        }
        let outcome = self.outbox.flush(self.socket(), &moment.header, &moment.converter);
        self.count(outcome);
    }

    fn answer(&mut self, index: usize, moment: &Moment) {
        let counters = &*self.thread.shared.counters;
        let Received { length, notes, from } = self.incoming.received(index);
        let to = *from;
        let client = Ipv4Addr::from(to.sin_addr.s_addr.to_ne_bytes());
        if !self.thread.allowed.contains(client) {
            return add(&counters.not_allowed, 1);
        }
        // A broadcast would be answered by every server at once.
        let is_for_us = notes.sent_to == notes.local_address && to.sin_port != 0 && !client.is_unspecified();
        let Some(request) = Request::read(&self.requests[index], length as usize).filter(|_| is_for_us) else {
            return add(&counters.malformed, 1);
        };
        if !self.limit.admit(to.sin_addr.s_addr, moment.monotonic_ns) {
            return add(&counters.rate_limited, 1);
        }
        // The kernel leaves out the stamps of the first packets after a socket has asked for them: a little late is a little wrong.
        let arrival = moment.converter.at(notes.stamp_ns.unwrap_or(moment.real_ns));
        let receive = self.exchanges.distinguish(client, receive_stamp(arrival.ns));
        let waiting = Waiting { request, receive, to, from: in_addr { s_addr: notes.local_address } };
        if request.may_interleave() {
            self.answer_stamped(client, &waiting, moment);
        } else {
            self.outbox.push(waiting);
        }
    }

    /// To a client that may speak the interleaved mode: in that mode if the answer it refers to is known, else in the basic one.
    fn answer_stamped(&mut self, client: Ipv4Addr, waiting: &Waiting, moment: &Moment) {
        let Waiting { request, receive, to, from } = waiting;
        let left = self.exchanges.take(client, request.origin, moment.era);
        let key = self.exchanges.save(client, *receive, moment.era);
        let answer = match left {
            Some(transmit) => request.answer(&moment.header, request.receive, *receive, transmit),
            None => {
                let transmit = transmit_stamp(moment.converter.at(host_ns(libc::CLOCK_REALTIME)).ns);
                request.answer(&moment.header, request.transmit, *receive, transmit)
            }
        };
        let sent = send_stamped(self.socket(), Destination::Back { to, from: *from }, &answer, key, &self.keys).is_ok();
        self.stamps_due |= sent;
        add(&self.thread.shared.counters.interleaved, usize::from(sent && left.is_some()));
        self.count(Outcome { sent: usize::from(sent), failed: usize::from(!sent) });
    }

    fn count(&self, Outcome { sent, failed }: Outcome) {
        add(&self.thread.shared.counters.answers, sent);
        add(&self.thread.shared.counters.send_errors, failed);
    }

    /// Empties the error queue. Returns how much there was.
    fn read_stamps(&mut self) -> usize {
        self.stamps_due = false;
        let converter = self.thread.clock.converter();
        let mut total = 0;
        let mut sink = [0u8; 8];
        for _ in 0..STAMP_ROUNDS {
            for index in 0..STAMP_BATCH {
                self.stamps.aim(index, sink.as_mut_ptr().cast(), sink.len());
            }
            let Ok(count) = self.stamps.receive(self.socket(), STAMP_BATCH, libc::MSG_ERRQUEUE) else { break };
            for index in 0..count {
                let notes = self.stamps.received(index).notes;
                if let (Some(id), Some(stamp_ns)) = (notes.id, notes.stamp_ns) {
                    let left = converter.at(stamp_ns);
                    self.exchanges.stamp(self.keys.key(id), transmit_stamp(left.ns), left.era);
                }
            }
            total += count;
            if count < STAMP_BATCH {
                break;
            }
        }
        total
    }
}
