//! A hypervisor's word that a machine was stopped, moved or restored: the disruption marker of a VMClock page (/dev/vmclock0).

use std::fs::File;
use std::sync::atomic::{fence, AtomicU32, AtomicU64, Ordering};

use crate::errors::{Failure, Result};
use crate::mapping::Mapping;

const MAGIC: u32 = 0x4b4c_4356;
/// The device maps exactly one page.
const BYTES: usize = 4096;
/// The host writes within a µs.
const ATTEMPTS: u32 = 1_000;

#[repr(C)]
struct Page {
    magic: AtomicU32,
    size: AtomicU32,
    _version_and_kind: AtomicU32,
    /// Odd while the host writes.
    sequence: AtomicU32,
    disruption_marker: AtomicU64,
}

const _: () = assert!(std::mem::offset_of!(Page, disruption_marker) == 16);

pub struct VmClock {
    mapping: Mapping,
}

impl VmClock {
    /// None: this host has none.
    pub fn open(path: &str) -> Result<Option<Self>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::io(&error, "open", path)),
        };
        let clock = Self { mapping: Mapping::new(&file, BYTES, false, path)? };
        if clock.page().magic.load(Ordering::Relaxed) != MAGIC {
            return Err(Failure::format(format!("{path} is no VMClock")));
        }
        Ok(Some(clock))
    }

    fn page(&self) -> &Page {
        // SAFETY: atomics only; a device's page never shrinks.
        unsafe { &self.mapping.at::<Page>(0, 1)[0] }
    }

    /// Changes with every disruption. None: the host has been writing for long.
    pub fn marker(&self) -> Option<u64> {
        let page = self.page();
        for _ in 0..ATTEMPTS {
            let before = page.sequence.load(Ordering::Acquire);
            let marker = page.disruption_marker.load(Ordering::Relaxed);
            fence(Ordering::Acquire);
            if before & 1 == 0 && page.sequence.load(Ordering::Relaxed) == before {
                return Some(marker);
            }
            std::hint::spin_loop();
        }
        None
    }
}
