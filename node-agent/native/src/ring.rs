//! The ring of records that a port shares with JavaScript. Producer and consumer both run on the JavaScript thread; the indexes are
//! atomics because the consumer's side is memory that we do not control.

use std::cell::UnsafeCell;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};

use napi::sys;

use crate::errors::{contain, Result};
use crate::js::node;
use crate::layout::{ring, slot};

const BYTES: usize = ring::HEADER_BYTES + ring::SLOTS * ring::SLOT_BYTES;
const SLOTS: u32 = ring::SLOTS as u32;

/// The memory itself. JavaScript's ArrayBuffer may outlive the port, so both hold it.
struct Memory(Box<[UnsafeCell<u64>]>);

impl Memory {
    fn start(&self) -> *mut u8 {
        UnsafeCell::raw_get(self.0.as_ptr()).cast()
    }
}

pub struct Ring {
    memory: Rc<Memory>,
}

impl Ring {
    pub fn new() -> Self {
        Self { memory: Rc::new(Memory((0..BYTES / 8).map(|_| UnsafeCell::new(0)).collect())) }
    }

    /// The whole ring as an ArrayBuffer over the same memory.
    pub fn array_buffer(&self, env: sys::napi_env) -> Result<sys::napi_value> {
        let hint = Rc::into_raw(Rc::clone(&self.memory)).cast_mut().cast::<c_void>();
        let start = self.memory.start().cast::<c_void>();
        let mut value = null_mut();
        // SAFETY: the memory lives until `release` gives back the count that `hint` holds.
        let status = unsafe { sys::napi_create_external_arraybuffer(env, start, BYTES, Some(release), hint, &mut value) };
        node(status, "napi_create_external_arraybuffer")?;
        Ok(value)
    }

    fn index(&self, index: usize) -> &AtomicU32 {
        // SAFETY: within the header, aligned, and never accessed but atomically.
        unsafe { &*self.memory.start().cast::<AtomicU32>().add(index) }
    }

    /// How many records fit. 0 also when the consumer has written nonsense into the tail.
    pub fn free(&self) -> usize {
        let used = self.index(ring::HEAD).load(Ordering::Relaxed).wrapping_sub(self.index(ring::TAIL).load(Ordering::Acquire));
        SLOTS.saturating_sub(used) as usize
    }

    /// The slot `ahead` places after the head. Only for slots that `free` counted.
    pub fn slot(&self, ahead: usize) -> Slot<'_> {
        let head = self.index(ring::HEAD).load(Ordering::Relaxed) as usize;
        let number = head.wrapping_add(ahead) % ring::SLOTS;
        // SAFETY: `number` is below SLOTS, so the slot lies in the memory.
        let start = unsafe { self.memory.start().add(ring::HEADER_BYTES + number * ring::SLOT_BYTES) };
        Slot { start, _ring: self }
    }

    /// Makes the next `count` slots visible.
    pub fn publish(&self, count: usize) {
        self.index(ring::HEAD).fetch_add(count as u32, Ordering::Release);
    }

    pub fn count_dropped(&self, count: usize) {
        self.index(ring::DROPPED).fetch_add(count as u32, Ordering::Relaxed);
    }

    pub fn dropped(&self) -> u32 {
        self.index(ring::DROPPED).load(Ordering::Relaxed)
    }
}

/// SAFETY: only called by Node-API, once per ArrayBuffer, with the hint of `array_buffer`.
unsafe extern "C" fn release(_env: sys::napi_env, _data: *mut c_void, hint: *mut c_void) {
    // SAFETY: the count that `array_buffer` made.
    let memory = unsafe { Rc::from_raw(hint.cast::<Memory>()) };
    let _ = contain(|| {
        drop(memory);
        Ok(())
    });
}

/// One record to fill; the fields are those of `layout::slot`.
pub struct Slot<'a> {
    start: *mut u8,
    _ring: &'a Ring,
}

impl Slot<'_> {
    /// Where the kernel puts the datagram: `slot::PAYLOAD_BYTES` octets.
    pub fn payload(&self) -> *mut c_void {
        // SAFETY: PAYLOAD lies inside of the slot.
        unsafe { self.start.add(slot::PAYLOAD).cast() }
    }

    pub fn set_u32(&self, field: usize, value: u32) {
        debug_assert!(field + 4 <= slot::PAYLOAD && field.is_multiple_of(4));
        // SAFETY: inside of the slot and aligned: fields are constants of the layout, slots start at multiples of 64.
        unsafe { self.start.add(field).cast::<u32>().write(value) };
    }

    pub fn set_f64(&self, field: usize, value: f64) {
        debug_assert!(field + 8 <= slot::PAYLOAD && field.is_multiple_of(8));
        // SAFETY: as in `set_u32`.
        unsafe { self.start.add(field).cast::<f64>().write(value) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_ring_has_no_room_and_a_nonsense_tail_gives_none() {
        let ring = Ring::new();
        assert_eq!(ring.free(), 256);
        ring.publish(200);
        assert_eq!(ring.free(), 56);
        ring.publish(56);
        assert_eq!(ring.free(), 0);
        ring.index(ring::TAIL).store(1_000_000, Ordering::Relaxed);
        assert_eq!(ring.free(), 0);
    }

    #[test]
    fn indexes_wrap_at_two_to_the_32() {
        let ring = Ring::new();
        ring.index(ring::HEAD).store(u32::MAX - 1, Ordering::Relaxed);
        ring.index(ring::TAIL).store(u32::MAX - 1, Ordering::Relaxed);
        ring.publish(4);
        assert_eq!(ring.free(), 252);
        ring.index(ring::TAIL).store(2, Ordering::Relaxed);
        assert_eq!(ring.free(), 256);
        ring.slot(255).set_u32(slot::KIND, 7);
    }
}
