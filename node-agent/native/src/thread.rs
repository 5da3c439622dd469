//! Native threads of this module.

use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use crate::errors::{contain, Failure, Result};
use crate::signal::Signal;

const STACK_BYTES: usize = 128 << 10;

/// `name` as it appears in /proc, at most 15 octets. A panic ends the thread and nothing else: the panic hook has reported it.
pub fn spawn(name: &'static str, body: impl FnOnce() -> Result<()> + Send + 'static) -> Result<JoinHandle<()>> {
    Builder::new()
        .name(name.into())
        .stack_size(STACK_BYTES)
        .spawn(move || drop(contain(body)))
        .map_err(|error| Failure::io(&error, "pthread_create", name))
}

/// A thread that ends when its signal says so. Dropping this says so and waits.
pub struct Worker {
    signal: Arc<Signal>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// As `spawn`.
    pub fn start(name: &'static str, signal: &Arc<Signal>, body: impl FnOnce() -> Result<()> + Send + 'static) -> Result<Self> {
        Ok(Self { signal: Arc::clone(signal), thread: Some(spawn(name, body)?) })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.signal.stop();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was contained there.
            let _ = thread.join();
        }
    }
}
