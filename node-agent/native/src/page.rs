//! `ClockPage`: publishes a node's error bounds for readers in other processes, who need no call to us to read a bounded time.
//!
//! Readers map the file; we write it by pwrite. A file that somebody truncates under a mapping ends the process that stores into it
//! (SIGBUS), and no check beforehand is soon enough; pwrite makes it whole again. Between two pwrites of one file the kernel takes and
//! gives back the inode's lock, so that readers see them in order.

use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::sync::atomic::Ordering::Relaxed;

use napi::Env;
use napi_derive::napi;

use crate::errors::{guard, Failure, Result};
use crate::js::{read_number, Fields, Text};
use crate::mapping::Mapping;
use crate::page_layout::{
    Page, CLOCKBOUND_BYTES, CLOCKBOUND_VERSION, EXTENSION_MAGIC, EXTENSION_VERSION, FILE_BYTES, GENERATION_AT, MAGIC,
};
use crate::time::{host_ns, NS_PER_SECOND};

/// Stands for no bound at all in ClockBound's integer: 31 years. Its readers add it to the time, so it must leave room.
const NO_BOUND_NS: f64 = 1e18;
const LONGEST_VALIDITY_SECONDS: f64 = 1e8;
/// ClockBound's "unknown": readers must not use the page.
const STATUS_UNKNOWN: i32 = 0;

pub struct PageState {
    guaranteed_ns: f64,
    guaranteed_growth_ppb: f64,
    calibrated_ns: f64,
    calibrated_growth_ppb: f64,
    void_after_ns: i64,
    status: i32,
    era: u64,
}

impl PageState {
    fn read(state: &Fields) -> Result<Self> {
        let growth = |name| state.within(name, 0.0..=f64::from(u32::MAX));
        Ok(Self {
            guaranteed_ns: bound(state, c"guaranteedNs")?,
            guaranteed_growth_ppb: growth(c"guaranteedGrowthPpb")?,
            calibrated_ns: bound(state, c"calibratedNs")?,
            calibrated_growth_ppb: growth(c"calibratedGrowthPpb")?,
            void_after_ns: (state.within(c"voidAfterSeconds", 0.0..=LONGEST_VALIDITY_SECONDS)? * 1e9) as i64,
            status: state.integer(c"status", 0.0..=3.0)? as i32,
            era: state.integer(c"era", 0.0..=9e15)? as u64,
        })
    }
}

/// A bound in ns, or NaN for void: the one number that may be NaN.
fn bound(state: &Fields, name: &std::ffi::CStr) -> Result<f64> {
    let mut number = f64::NEG_INFINITY;
    let value = state.value(name)?;
    // SAFETY: env and value belong to the running callback; a value that is no number leaves −∞.
    unsafe { napi::sys::napi_get_value_double(state.env(), value, &mut number) };
    if number.is_nan() {
        return Ok(number);
    }
    let number = read_number(state.env(), value, &name.to_string_lossy())?;
    crate::js::within(number, &name.to_string_lossy(), 0.0..=NO_BOUND_NS)
}

fn fill(page: &Page, state: &PageState) {
    let coarse_ns = host_ns(libc::CLOCK_MONOTONIC_COARSE);
    let now_ns = host_ns(libc::CLOCK_MONOTONIC);
    let void = state.guaranteed_ns.is_nan();
    let validity_ns = if void { 0 } else { state.void_after_ns };
    for (octets, magic) in page.magic.iter().zip(MAGIC) {
        octets.store(magic, Relaxed);
    }
    page.size.store(CLOCKBOUND_BYTES, Relaxed);
    page.version.store(CLOCKBOUND_VERSION, Relaxed);
    page.as_of_seconds.store(coarse_ns / NS_PER_SECOND, Relaxed);
    page.as_of_nanoseconds.store(coarse_ns % NS_PER_SECOND, Relaxed);
    page.void_after_seconds.store((coarse_ns + validity_ns) / NS_PER_SECOND, Relaxed);
    page.void_after_nanoseconds.store((coarse_ns + validity_ns) % NS_PER_SECOND, Relaxed);
    // Rounded up: a bound may be loose, never short.
    page.bound_ns.store(if void { NO_BOUND_NS } else { state.guaranteed_ns.ceil() } as i64, Relaxed);
    page.disruption_marker.store(state.era, Relaxed);
    page.max_drift_ppb.store(state.guaranteed_growth_ppb.ceil() as u32, Relaxed);
    page.status.store(if void { STATUS_UNKNOWN } else { state.status }, Relaxed);
    page.disruption_support.store(0, Relaxed);
    page.extension_magic.store(EXTENSION_MAGIC, Relaxed);
    page.extension_version.store(EXTENSION_VERSION, Relaxed);
    page.published_ns.store(now_ns, Relaxed);
    page.void_ns.store(now_ns + state.void_after_ns, Relaxed);
    page.calibrated_ns.set(state.calibrated_ns);
    page.calibrated_growth_ppb.set(state.calibrated_growth_ppb);
    page.guaranteed_ns.set(state.guaranteed_ns);
    page.guaranteed_growth_ppb.set(state.guaranteed_growth_ppb);
    page.era.store(state.era, Relaxed);
    page.status_copy.store(state.status as u32, Relaxed);
}

/// Opens a page's file without truncating it: readers have it mapped. An existing one must be a page or empty, lest a wrong path
/// overwrites something else.
fn open(path: &str) -> Result<File> {
    let io = |error: std::io::Error, call| Failure::io(&error, call, path);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o644)
        .open(path)
        .map_err(|error| io(error, "open"))?;
    match file.metadata().map_err(|error| io(error, "fstat"))?.len() {
        0 => file.set_len(FILE_BYTES as u64).map_err(|error| io(error, "ftruncate"))?,
        length if length >= FILE_BYTES as u64 => {}
        length => return Err(Failure::format(format!("{path} has {length} octets and is no clock page"))),
    }
    let mut magic = [0; 8];
    file.read_exact_at(&mut magic, 0).map_err(|error| io(error, "pread"))?;
    let expected: Vec<u8> = MAGIC.iter().flat_map(|word| word.to_ne_bytes()).collect();
    if magic != *expected && magic != [0; 8] {
        return Err(Failure::format(format!("{path} is no clock page")));
    }
    Ok(file)
}

/// The one writer of a page.
struct Writer {
    path: String,
    file: File,
}

impl Writer {
    fn open(path: &str) -> Result<Self> {
        Ok(Self { path: path.to_owned(), file: open(path)? })
    }

    fn publish(&mut self, state: &PageState) -> Result<()> {
        self.mend()?;
        let mut generation = [0; 2];
        self.file.read_exact_at(&mut generation, GENERATION_AT).map_err(|error| self.failed(&error, "pread"))?;
        // `| 1` also takes over from a writer that died while it held an odd number.
        let odd = u16::from_ne_bytes(generation) | 1;
        let even = odd.wrapping_add(1);
        let page = Page::default();
        fill(&page, state);
        page.generation.store(odd, Relaxed);
        self.write(&odd.to_ne_bytes(), GENERATION_AT)?;
        self.write(octets(&page), 0)?;
        self.write(&(if even == 0 { 2 } else { even }).to_ne_bytes(), GENERATION_AT)
    }

    /// A file that was removed is made again, one that was cut is made whole: readers that come later find it.
    fn mend(&mut self) -> Result<()> {
        let metadata = self.file.metadata().map_err(|error| self.failed(&error, "fstat"))?;
        if metadata.nlink() == 0 {
            self.file = open(&self.path)?;
        } else if metadata.len() < FILE_BYTES as u64 {
            self.file.set_len(FILE_BYTES as u64).map_err(|error| self.failed(&error, "ftruncate"))?;
        }
        Ok(())
    }

    fn write(&self, octets: &[u8], at: u64) -> Result<()> {
        self.file.write_all_at(octets, at).map_err(|error| self.failed(&error, "pwrite"))
    }

    fn failed(&self, error: &std::io::Error, call: &'static str) -> Failure {
        Failure::io(error, call, &self.path)
    }
}

fn octets(page: &Page) -> &[u8] {
    // SAFETY: a Page is plain octets without padding, and this one is ours alone.
    unsafe { std::slice::from_raw_parts(std::ptr::from_ref(page).cast(), size_of::<Page>()) }
}

pub fn page(mapping: &Mapping) -> &Page {
    // SAFETY: atomics only; pages never shrink.
    unsafe { &mapping.at::<Page>(0, 1)[0] }
}

#[napi]
pub struct ClockPage {
    writer: RefCell<Option<Writer>>,
}

#[napi]
impl ClockPage {
    #[napi(constructor)]
    pub fn new(env: Env, path: Text) -> napi::Result<Self> {
        guard(env, || Ok(Self { writer: RefCell::new(Some(Writer::open(&path.0)?)) }))
    }

    #[napi]
    pub fn publish(&self, env: Env, state: Fields) -> napi::Result<()> {
        guard(env, || {
            let state = PageState::read(&state)?;
            self.writer.borrow_mut().as_mut().ok_or_else(|| Failure::closed("page"))?.publish(&state)
        })
    }

    /// What was published stays until it is void by itself.
    #[napi]
    pub fn close(&self, env: Env) -> napi::Result<()> {
        guard(env, || {
            drop(self.writer.take());
            Ok(())
        })
    }
}
