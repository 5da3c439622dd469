//! The NTP thread on its own, against real sockets on lo.
//! `cargo test --release -- --ignored --nocapture ntp_flood` says what an answer costs.

use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::allow_list::AllowList;
use crate::clock_source::ClockSource;
use crate::ntp_message::tests::request;
use crate::ntp_thread::{NtpThread, Shared};
use crate::rate_limit::Rate;
use crate::realtime_clock::RealtimeClock;
use crate::time::{to_ns, NS_PER_SECOND};
use crate::udp::{set, set_receive_buffer, set_stamps};

const UNLIMITED: Rate = Rate { interval_ns: 0, burst: 1 };

struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    /// Returns the processor time that it took, ns.
    thread: JoinHandle<i64>,
}

impl Server {
    fn start(rate: Rate) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let socket: OwnedFd = socket.into();
        set_receive_buffer(socket.as_raw_fd(), 8 << 20).unwrap();
        set(socket.as_raw_fd(), libc::IPPROTO_IP, libc::IP_PKTINFO, 1, "IP_PKTINFO").unwrap();
        set_stamps(socket.as_raw_fd()).unwrap();
        let shared = Arc::new(Shared::new().unwrap());
        let clock = Arc::new(ClockSource::Realtime(Arc::new(RealtimeClock::open())));
        let allowed = AllowList::parse(&["127.0.0.0/8".to_owned()]).unwrap();
        let server = NtpThread { shared: Arc::clone(&shared), clock, socket, allowed, rate };
        let thread = std::thread::spawn(move || {
            server.run().unwrap();
            let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
            // SAFETY: `time` is writable.
            unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
            to_ns(&time)
        });
        Self { shared, address, thread }
    }

    /// [answers, interleaved], and the processor time.
    fn end(self) -> (u64, u64, i64) {
        self.shared.signal.stop();
        let nanoseconds = self.thread.join().unwrap();
        (self.shared.counters.answers.load(Relaxed), self.shared.counters.interleaved.load(Relaxed), nanoseconds)
    }
}

/// A client that keeps `window` requests under way for `seconds`.
fn flood(server: SocketAddr, window: usize, seconds: f64, interleaved: bool) {
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.connect(server).unwrap();
    client.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let mut origins = vec![if interleaved { 1u64 } else { 0 }; window];
    while Instant::now() < end {
        for origin in &origins {
            let _ = client.send(&request(0x23, *origin, 2, 3));
        }
        for origin in &mut origins {
            let mut answer = [0; 48];
            if client.recv(&mut answer).is_err() {
                break;
            }
            if interleaved {
                *origin = u64::from_be_bytes(answer[32..40].try_into().unwrap());
            }
        }
    }
}

#[test]
fn an_interleaved_client_is_served_from_its_third_exchange_on() {
    let server = Server::start(UNLIMITED);
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    client.connect(server.address).unwrap();
    let mut origin = 0;
    for _ in 0..5 {
        client.send(&request(0x23, origin, 2, 4)).unwrap();
        let mut answer = [0; 48];
        assert_eq!(client.recv(&mut answer).unwrap(), 48);
        origin = u64::from_be_bytes(answer[32..40].try_into().unwrap());
    }
    let (answers, interleaved, _) = server.end();
    assert_eq!((answers, interleaved), (5, 3));
}

#[test]
#[ignore = "measures"]
fn an_answer_costs_so_much() {
    for (name, window, interleaved) in [("basic", 64, false), ("basic, one at a time", 1, false), ("interleaved", 4, true)] {
        let server = Server::start(UNLIMITED);
        flood(server.address, window, 3.0, interleaved);
        let (answers, of_them, nanoseconds) = server.end();
        let per_second = answers as f64 / nanoseconds as f64 * NS_PER_SECOND as f64;
        println!("{name}: {answers} answers ({of_them} interleaved), {per_second:.0} per processor second");
    }
}
