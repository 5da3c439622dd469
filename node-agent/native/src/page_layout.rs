//! The clock page in memory: 80 octets as ClockBound's readers know them (layout 2), then our extension with what they have no room
//! for. One seqlock, ClockBound's generation at octet 14, covers both.

use std::sync::atomic::{AtomicI32, AtomicI64, AtomicU16, AtomicU32, AtomicU64, AtomicU8, Ordering::Relaxed};

/// A page of memory, of which the first 152 octets are used.
pub const FILE_BYTES: usize = 4096;
/// Two words in the host's order: ClockBound's readers compare words, not the octets that its protocol document shows.
pub const MAGIC: [u32; 2] = [0x414d_5a4e, 0x4342_0200];
pub const CLOCKBOUND_BYTES: u32 = 80;
pub const CLOCKBOUND_VERSION: u16 = 2;
/// "MERX" and the version of the extension.
pub const EXTENSION_MAGIC: u32 = u32::from_ne_bytes(*b"MERX");
pub const EXTENSION_VERSION: u32 = 1;

/// Where the seqlock's generation stands.
pub const GENERATION_AT: u64 = std::mem::offset_of!(Page, generation) as u64;

#[repr(C)]
#[derive(Default)]
pub struct Page {
    pub magic: [AtomicU32; 2],
    pub size: AtomicU32,
    pub version: AtomicU16,
    pub generation: AtomicU16,
    /// CLOCK_MONOTONIC_COARSE at publication.
    pub as_of_seconds: AtomicI64,
    pub as_of_nanoseconds: AtomicI64,
    pub void_after_seconds: AtomicI64,
    pub void_after_nanoseconds: AtomicI64,
    pub bound_ns: AtomicI64,
    pub disruption_marker: AtomicU64,
    pub max_drift_ppb: AtomicU32,
    pub status: AtomicI32,
    /// Always 0: with 1, readers compare the marker with /dev/vmclock0 and refuse to open the page on hosts without one.
    pub disruption_support: AtomicU8,
    pub _padding: [AtomicU8; 7],
    // Extension from octet 80 on.
    pub extension_magic: AtomicU32,
    pub extension_version: AtomicU32,
    /// CLOCK_MONOTONIC at publication and at the end of validity, ns: the coarse clock above is up to 4 ms behind.
    pub published_ns: AtomicI64,
    pub void_ns: AtomicI64,
    pub calibrated_ns: Double,
    pub calibrated_growth_ppb: Double,
    pub guaranteed_ns: Double,
    pub guaranteed_growth_ppb: Double,
    pub era: AtomicU64,
    pub status_copy: AtomicU32,
    pub _reserved: AtomicU32,
}

const _: () = {
    assert!(std::mem::offset_of!(Page, generation) == 14);
    assert!(std::mem::offset_of!(Page, bound_ns) == 48);
    assert!(std::mem::offset_of!(Page, disruption_support) == 72);
    assert!(std::mem::offset_of!(Page, extension_magic) == 80);
    assert!(size_of::<Page>() == 152);
};

/// An f64 that other processes read.
#[derive(Default)]
#[repr(transparent)]
pub struct Double(AtomicU64);

impl Double {
    pub fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Relaxed))
    }

    pub fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Relaxed);
    }
}
