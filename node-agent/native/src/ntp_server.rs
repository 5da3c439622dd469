//! `NtpServer`: set-up and control of the thread that answers NTP clients.

use std::cell::RefCell;
use std::ffi::c_int;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::Arc;

use napi::Env;
use napi_derive::napi;

use crate::allow_list::{AllowList, MOST_NETWORKS};
use crate::clock::Clock;
use crate::clock_source::ClockSource;
use crate::errors::{guard, Failure, Result};
use crate::js::{within, Fields, Number, Octets};
use crate::ntp_statement::Statement;
use crate::ntp_thread::{Counters, NtpThread, Shared};
use crate::rate_limit;
use crate::thread::Worker;
use crate::time::host_ns;
use crate::udp::{address, bind, open_udp, set, set_receive_buffer, set_stamps};

/// A second per second.
const LARGEST_GROWTH_PPB: f64 = 1e9;
/// Three years.
const LONGEST_VALIDITY_SECONDS: f64 = 1e8;

struct Running {
    /// Dropping it waits for the thread, which notices within a few batches.
    _thread: Worker,
    shared: Arc<Shared>,
    clock: Arc<ClockSource>,
}

#[napi]
pub struct NtpServer {
    /// Outlive the server: statistics can be asked for after close.
    counters: Arc<Counters>,
    running: RefCell<Option<Running>>,
}

#[napi]
impl NtpServer {
    #[napi(constructor)]
    pub fn new(env: Env, options: Fields) -> napi::Result<Self> {
        guard(env, || {
            let clock = Clock::from_options(&options)?;
            let port = options.integer(c"udpPort", 1.0..=65535.0)? as u16;
            let allowed = AllowList::parse(&options.texts(c"allowed", MOST_NETWORKS)?)?;
            let receive_buffer = options.integer(c"receiveBufferBytes", 1.0..=f64::from(1 << 30))? as c_int;
            let shared = Arc::new(Shared::new()?);
            let counters = Arc::clone(&shared.counters);
            let worker = NtpThread {
                shared: Arc::clone(&shared),
                clock: Arc::clone(&clock),
                socket: open_listener(port, receive_buffer)?,
                allowed,
                rate: rate_limit::RATE,
            };
            let thread = Worker::start("mer-ntp", &shared.signal, move || worker.run())?;
            Ok(Self { counters, running: RefCell::new(Some(Running { _thread: thread, shared, clock })) })
        })
    }

    #[napi]
    pub fn set_template(
        &self,
        env: Env,
        template: Octets,
        growth_ppb: Number,
        valid_seconds: Number,
        age_seconds: Number,
    ) -> napi::Result<()> {
        guard(env, || {
            let growth_ppb = within(growth_ppb.0, "growthPpb", 0.0..=LARGEST_GROWTH_PPB)?;
            let valid_ns = (within(valid_seconds.0, "validSeconds", 0.0..=LONGEST_VALIDITY_SECONDS)? * 1e9) as i64;
            let age_ns = (within(age_seconds.0, "ageSeconds", 0.0..=LONGEST_VALIDITY_SECONDS)? * 1e9) as i64;
            let running = self.running.borrow();
            let Running { shared, clock, .. } = running.as_ref().ok_or_else(|| Failure::closed("NTP server"))?;
            let made_ns = host_ns(libc::CLOCK_BOOTTIME) - age_ns;
            shared.set_statement(Statement::new(&template.0, growth_ppb, made_ns, valid_ns, clock.read().era)?);
            Ok(())
        })
    }

    #[napi]
    pub fn statistics(&self) -> Vec<f64> {
        let Counters { answers, interleaved, not_allowed, malformed, rate_limited, send_errors } = &*self.counters;
        [answers, interleaved, not_allowed, malformed, rate_limited, send_errors]
            .map(|counter| counter.load(Relaxed) as f64)
            .to_vec()
    }

    #[napi]
    pub fn close(&self, env: Env) -> napi::Result<()> {
        guard(env, || {
            drop(self.running.take());
            Ok(())
        })
    }
}

/// On all addresses, without SO_REUSEADDR: a second server on the port fails honestly.
fn open_listener(port: u16, receive_buffer: c_int) -> Result<OwnedFd> {
    let socket = open_udp()?;
    let fd = socket.as_raw_fd();
    set_receive_buffer(fd, receive_buffer)?;
    // Answers leave from the address that was asked.
    set(fd, libc::IPPROTO_IP, libc::IP_PKTINFO, 1 as c_int, "IP_PKTINFO")?;
    // Otherwise the socket gets whatever group any program of the host has joined.
    set(fd, libc::IPPROTO_IP, libc::IP_MULTICAST_ALL, 0 as c_int, "IP_MULTICAST_ALL")?;
    set_stamps(fd)?;
    bind(&socket, &address(Ipv4Addr::UNSPECIFIED, port), &format!("0.0.0.0:{port}"))?;
    Ok(socket)
}
