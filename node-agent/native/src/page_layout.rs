//! Meridian's clock page in memory: 80 octets as ClockBound's readers know them (layout 2), then our extension with what they have no
//! room for. One seqlock, ClockBound's generation at octet 14, covers both. The first 80 octets alone are ClockBound's own page.

use std::sync::atomic::{AtomicI32, AtomicI64, AtomicU16, AtomicU32, AtomicU64, AtomicU8, Ordering::Relaxed};

use crate::page_state::{Claim, PageState};
use crate::time::NS_PER_SECOND;

/// A page of memory, of which the first 152 octets are used.
pub const FILE_BYTES: usize = 4096;
/// Two words in the host's order: ClockBound's readers compare words, not the octets that its protocol document shows.
pub const MAGIC: [u32; 2] = [0x414d_5a4e, 0x4342_0200];
pub const CLOCKBOUND_BYTES: usize = 80;
const CLOCKBOUND_VERSION: u16 = 2;
/// "MERX" and the version of the extension.
pub const EXTENSION_MAGIC: u32 = u32::from_ne_bytes(*b"MERX");
pub const EXTENSION_VERSION: u32 = 1;

/// Where the seqlock's generation stands, in every layout.
pub const GENERATION_AT: u64 = std::mem::offset_of!(Page, generation) as u64;

#[repr(C)]
#[derive(Default)]
pub struct Page {
    pub magic: [AtomicU32; 2],
    pub size: AtomicU32,
    pub version: AtomicU16,
    pub generation: AtomicU16,
    /// CLOCK_MONOTONIC_COARSE at publication, or earlier.
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
    assert!(std::mem::offset_of!(Page, extension_magic) == CLOCKBOUND_BYTES);
    assert!(size_of::<Page>() == 152);
};

impl Page {
    /// Times are of CLOCK_MONOTONIC_COARSE.
    pub fn new(claim: &Claim, as_of_ns: i64, void_after_ns: i64, generation: u16) -> Self {
        let page = Self::default();
        for (octets, magic) in page.magic.iter().zip(MAGIC) {
            octets.store(magic, Relaxed);
        }
        page.size.store(CLOCKBOUND_BYTES as u32, Relaxed);
        page.version.store(CLOCKBOUND_VERSION, Relaxed);
        page.generation.store(generation, Relaxed);
        page.as_of_seconds.store(as_of_ns / NS_PER_SECOND, Relaxed);
        page.as_of_nanoseconds.store(as_of_ns % NS_PER_SECOND, Relaxed);
        page.void_after_seconds.store(void_after_ns / NS_PER_SECOND, Relaxed);
        page.void_after_nanoseconds.store(void_after_ns % NS_PER_SECOND, Relaxed);
        page.bound_ns.store(claim.bound_ns, Relaxed);
        page.disruption_marker.store(claim.marker, Relaxed);
        page.max_drift_ppb.store(claim.max_drift_ppb, Relaxed);
        page.status.store(claim.status, Relaxed);
        page
    }

    /// `now_ns` of CLOCK_MONOTONIC.
    pub fn extend(&self, state: &PageState, now_ns: i64) {
        self.extension_magic.store(EXTENSION_MAGIC, Relaxed);
        self.extension_version.store(EXTENSION_VERSION, Relaxed);
        self.published_ns.store(now_ns, Relaxed);
        self.void_ns.store(now_ns + state.void_after_ns, Relaxed);
        self.calibrated_ns.set(state.calibrated_ns);
        self.calibrated_growth_ppb.set(state.calibrated_growth_ppb);
        self.guaranteed_ns.set(state.guaranteed_ns);
        self.guaranteed_growth_ppb.set(state.guaranteed_growth_ppb);
        self.era.store(state.era, Relaxed);
        self.status_copy.store(state.status as u32, Relaxed);
    }

    pub fn octets(&self) -> &[u8] {
        // SAFETY: a Page is plain octets without padding; whoever shares one between threads does not take its octets.
        unsafe { std::slice::from_raw_parts(std::ptr::from_ref(self).cast(), size_of::<Self>()) }
    }
}

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
