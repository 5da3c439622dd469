//! Claims a UDP port of an interface for this process. A port and a sync program of ours share 319, which takes SO_REUSEADDR on both
//! their sockets; with it, however, bind() would succeed beside a foreign program's socket just as well, and we would silently steal
//! each other's unicast. So a socket of its own binds *without* SO_REUSEADDR first, which fails honestly with EADDRINUSE, and gets
//! the option afterwards. It is held as long as any socket of ours uses the port, so they open and close in any order.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::errors::{Failure, Result};
use crate::socket;

/// The kernel's table is per process too, so this one cannot belong to an environment or a thread.
static CLAIMS: Mutex<Option<HashMap<Key, Claim>>> = Mutex::new(None);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    interface_index: u32,
    port: u16,
}

struct Claim {
    socket: Weak<OwnedFd>,
    /// A Port reads from here; a second one would take packets away from it.
    received: bool,
}

fn claims() -> MutexGuard<'static, Option<HashMap<Key, Claim>>> {
    // A panic elsewhere leaves the table whole: each change is one insertion or assignment.
    CLAIMS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// By one socket of this process.
    Receive,
    /// By any number.
    SendOnly,
}

/// A share in a claim; the port is free for others when the last one is dropped.
#[derive(Debug)]
pub struct Reservation {
    key: Key,
    usage: Use,
    socket: Option<Arc<OwnedFd>>,
}

impl Reservation {
    pub fn take(interface_name: &str, interface_index: u32, port: u16, usage: Use) -> Result<Self> {
        let key = Key { interface_index, port };
        let mut guard = claims();
        let table = guard.get_or_insert_default();
        let held = table.get(&key).and_then(|claim| claim.socket.upgrade().map(|socket| (socket, claim.received)));
        let (socket, received) = match held {
            Some(found) => found,
            None => (Arc::new(socket::open_claim(interface_name, port)?), false),
        };
        if received && usage == Use::Receive {
            return Err(Failure::system(libc::EADDRINUSE, "bind", &format!("{interface_name}:{port}, by this process")));
        }
        table.insert(key, Claim { socket: Arc::downgrade(&socket), received: received || usage == Use::Receive });
        Ok(Self { key, usage, socket: Some(socket) })
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut guard = claims();
        if let Some(table) = guard.as_mut() {
            // Under the lock: `take` must not find a socket that is about to close.
            drop(self.socket.take());
            if let Some(claim) = table.get_mut(&self.key) {
                if self.usage == Use::Receive {
                    claim.received = false;
                }
                if claim.socket.strong_count() == 0 {
                    table.remove(&self.key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::interface_index;
    use std::net::UdpSocket;

    fn take(port: u16, usage: Use) -> Result<Reservation> {
        Reservation::take("lo", interface_index("lo").unwrap(), port, usage)
    }

    #[test]
    fn a_port_that_another_program_holds_is_in_use() {
        let foreign = UdpSocket::bind("0.0.0.0:0").unwrap();
        let port = foreign.local_addr().unwrap().port();
        assert_eq!(take(port, Use::SendOnly).unwrap_err().errno(), Some(libc::EADDRINUSE));
        drop(foreign);
        assert!(take(port, Use::SendOnly).is_ok());
    }

    #[test]
    fn many_may_send_but_one_receives_and_the_last_one_frees_the_port() {
        let port = 40_319;
        let sender = take(port, Use::SendOnly).unwrap();
        let receiver = take(port, Use::Receive).unwrap();
        assert_eq!(take(port, Use::Receive).unwrap_err().errno(), Some(libc::EADDRINUSE));
        let second = take(port, Use::SendOnly).unwrap();
        drop(receiver);
        let again = take(port, Use::Receive).unwrap();
        drop((sender, second));
        assert!(UdpSocket::bind(("0.0.0.0", port)).is_err());
        drop(again);
        assert!(UdpSocket::bind(("0.0.0.0", port)).is_ok());
    }
}
