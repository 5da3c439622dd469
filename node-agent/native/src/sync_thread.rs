//! The thread of a SyncProgram. It must keep the rate whatever JavaScript does: setTimeout fires up to 1.7 ms early and garbage
//! collection holds it back; a timerfd with SCHED_FIFO is late by tens of µs. Only the *rate* must be even: accuracy comes from the
//! kernel's stamp of each Sync.

use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use libc::{mmsghdr, pollfd};

use crate::clock_source::ClockSource;
use crate::errors::Result;
use crate::notes::read_notes;
use crate::outgoing::{send_plain, Destination};
use crate::signal::Signal;
use crate::stamp::{send_stamped, StampKeys};
use crate::sync_message::{set_sequence_id, set_timestamp, Message};
use crate::time::{host_ns, to_timespec, NS_PER_SECOND};
use crate::timerfd::set_timer;
use crate::udp::clear_error;

/// Software stamps come within 50 µs, some hardware ones after milliseconds; beyond this one is lost, and so is its Follow_Up.
const LONGEST_STAMP_WAIT_NS: i64 = 50_000_000;
/// Above ordinary tasks; below what a real-time system would give to anything it depends on.
const FIFO_PRIORITY: i32 = 10;

/// What TypeScript may replace between two Syncs.
#[derive(Clone, Copy)]
pub struct Program {
    pub sync: Message,
    pub follow_up: Message,
    pub interval_ns: i64,
    /// Added to the clock's time, ns: TAI − UTC for a UTC clock.
    pub label_offset_ns: i64,
}

#[derive(Default)]
pub struct Counters {
    pub syncs: AtomicU64,
    pub follow_ups: AtomicU64,
    pub missing_stamps: AtomicU64,
    pub send_errors: AtomicU64,
    pub lateness_ns: AtomicU64,
}

/// What the thread and its owner share while the program runs.
pub struct Shared {
    program: Mutex<Program>,
    pub counters: Arc<Counters>,
    /// The program has changed, or the end has come.
    pub signal: Arc<Signal>,
}

impl Shared {
    pub fn new(program: Program) -> Result<Self> {
        Ok(Self { program: Mutex::new(program), counters: Arc::default(), signal: Arc::new(Signal::new()?) })
    }

    fn program(&self) -> MutexGuard<'_, Program> {
        // A panic elsewhere leaves it whole: each change is one assignment.
        self.program.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set_program(&self, program: Program) {
        *self.program() = program;
        self.signal.wake();
    }
}

pub struct SyncThread {
    pub shared: Arc<Shared>,
    pub clock: Arc<ClockSource>,
    pub event: OwnedFd,
    pub general: OwnedFd,
    pub keys: StampKeys,
    pub timer: OwnedFd,
}

impl SyncThread {
    pub fn run(self) -> Result<()> {
        use_real_time();
        let mut sequence_id = 0u16;
        let mut program = *self.shared.program();
        let mut due = host_ns(libc::CLOCK_MONOTONIC) + program.interval_ns;
        while !self.shared.signal.is_stopped() {
            set_timer(&self.timer, due, true)?;
            let changed = self.wait();
            let now = host_ns(libc::CLOCK_MONOTONIC);
            if changed {
                let before = program.interval_ns;
                program = *self.shared.program();
                if program.interval_ns != before {
                    due = due.min(now + program.interval_ns);
                }
            }
            if now < due {
                continue;
            }
            self.shared.counters.lateness_ns.fetch_max((now - due) as u64, Relaxed);
            self.send_pair(&program, sequence_id);
            sequence_id = sequence_id.wrapping_add(1);
            // Overslept intervals are left out: a burst would say nothing new and overrun receivers.
            let missed = (host_ns(libc::CLOCK_MONOTONIC) - due) / program.interval_ns;
            due += (missed + 1) * program.interval_ns;
        }
        Ok(())
    }

    /// Until the timer is due; true when the eventfd spoke.
    fn wait(&self) -> bool {
        let poll = |fd| pollfd { fd, events: libc::POLLIN, revents: 0 };
        let mut fds = [poll(self.timer.as_raw_fd()), poll(self.shared.signal.descriptor())];
        // SAFETY: pointer and length describe `fds`. An interrupted wait looks at the time again, as every wait does.
        unsafe { libc::poll(fds.as_mut_ptr(), 2, -1) };
        let changed = fds[1].revents != 0;
        if changed {
            self.shared.signal.clear();
        }
        changed
    }

    fn send_pair(&self, program: &Program, sequence_id: u16) {
        let counters = &self.shared.counters;
        let mut sync = program.sync;
        set_sequence_id(&mut sync, sequence_id);
        if send_stamped(self.event.as_raw_fd(), Destination::Peer, &sync, u32::from(sequence_id), &self.keys).is_err() {
            counters.send_errors.fetch_add(1, Relaxed);
            return;
        }
        counters.syncs.fetch_add(1, Relaxed);
        let wait_ns = program.interval_ns.min(LONGEST_STAMP_WAIT_NS);
        let Some(stamp_ns) = self.wait_for_stamp(u32::from(sequence_id), wait_ns) else {
            counters.missing_stamps.fetch_add(1, Relaxed);
            return;
        };
        let mut follow_up = program.follow_up;
        set_sequence_id(&mut follow_up, sequence_id);
        let clock_ns = self.clock.converter().at(stamp_ns).ns;
        set_timestamp(&mut follow_up, clock_ns.saturating_add(program.label_offset_ns));
        match send_plain(self.general.as_raw_fd(), Destination::Peer, &follow_up) {
            Ok(()) => counters.follow_ups.fetch_add(1, Relaxed),
            Err(_) => counters.send_errors.fetch_add(1, Relaxed),
        };
    }

    /// The stamp with `key`. Older ones, late for their own Sync, are passed over.
    fn wait_for_stamp(&self, key: u32, wait_ns: i64) -> Option<i64> {
        let end = host_ns(libc::CLOCK_MONOTONIC) + wait_ns;
        loop {
            // On most interfaces it lies there already when sendmsg returns.
            while let Some((found, stamp_ns)) = self.read_stamp() {
                if found == Some(key) {
                    return stamp_ns;
                }
            }
            let remaining = end - host_ns(libc::CLOCK_MONOTONIC);
            if remaining <= 0 || self.shared.signal.is_stopped() {
                return None;
            }
            let timeout = to_timespec(remaining.min(NS_PER_SECOND));
            let mut error_queue = pollfd { fd: self.event.as_raw_fd(), events: libc::POLLPRI, revents: 0 };
            // SAFETY: one pollfd, a timeout that is only read, no signal mask.
            unsafe { libc::ppoll(&mut error_queue, 1, &timeout, std::ptr::null()) };
            if error_queue.revents & libc::POLLERR != 0 {
                clear_error(self.event.as_raw_fd());
            }
        }
    }

    /// One entry of the error queue: its key and stamp; None when it is empty.
    fn read_stamp(&self) -> Option<(Option<u32>, Option<i64>)> {
        let mut control = [0u64; 32];
        // SAFETY: integers and pointers; all zero is valid.
        let mut message: mmsghdr = unsafe { std::mem::zeroed() };
        message.msg_hdr.msg_control = control.as_mut_ptr().cast();
        message.msg_hdr.msg_controllen = size_of_val(&control);
        let flags = libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT;
        // SAFETY: the control buffer lives longer than the call; there is no payload (OPT_TSONLY).
        if unsafe { libc::recvmsg(self.event.as_raw_fd(), &mut message.msg_hdr, flags) } < 0 {
            return None;
        }
        // SAFETY: recvmsg has just filled it.
        let notes = unsafe { read_notes(&message.msg_hdr) };
        Some((notes.id.map(|id| self.keys.key(id)), notes.stamp_ns))
    }
}

/// As even a rate as this process may have. Without the right to SCHED_FIFO the thread stays an ordinary one.
fn use_real_time() {
    // SAFETY: prctl with these arguments takes no memory; the parameter is read only; both act on this thread.
    unsafe {
        libc::prctl(libc::PR_SET_TIMERSLACK, 1, 0, 0, 0);
        let parameter = libc::sched_param { sched_priority: FIFO_PRIORITY };
        libc::pthread_setschedparam(libc::pthread_self(), libc::SCHED_FIFO, &parameter);
    }
}
