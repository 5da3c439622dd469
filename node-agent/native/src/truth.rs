//! `TruthReader`: for labs. CLOCK_REALTIME is the truth of a virtual clock, so its error is known exactly, and so is whether the
//! bounds that its node publishes cover it. Everything is taken at one instant.

use std::cell::RefCell;
use std::ffi::CStr;
use std::fs::File;
use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;

use napi::bindgen_prelude::This;
use napi::{sys, Env, JsValue};
use napi_derive::napi;

use crate::errors::{guard, Failure, Result};
use crate::js::{fill_doubles, Text};
use crate::layout::truth_reading as at;
use crate::mapping::Mapping;
use crate::page::page;
use crate::page_layout::{Page, EXTENSION_MAGIC, EXTENSION_VERSION, FILE_BYTES};
use crate::raw_function::{define_function, Arguments};
use crate::seqlock;
use crate::time::host_ns;
use crate::virtual_clock::VirtualClock;
use crate::virtual_file::VirtualFile;

const READ: &CStr = c"read";

struct Sources {
    clock: VirtualClock,
    page: Mapping,
}

struct State {
    sources: RefCell<Option<Sources>>,
}

#[napi]
pub struct TruthReader {
    state: Rc<State>,
}

#[napi]
impl TruthReader {
    #[napi(constructor)]
    pub fn new(env: Env, this: This, clock_path: Text, page_path: Text) -> napi::Result<Self> {
        guard(env, || {
            let (file, _) = VirtualFile::open(&clock_path.0, false)?;
            let sources = Sources { clock: VirtualClock::new(file), page: open_page(&page_path.0)? };
            let state = Rc::new(State { sources: RefCell::new(Some(sources)) });
            define_function(env.raw(), this.object.raw(), READ, &state, read)?;
            Ok(Self { state })
        })
    }

    #[napi]
    pub fn close(&self, env: Env) -> napi::Result<()> {
        guard(env, || {
            drop(self.state.sources.take());
            Ok(())
        })
    }
}

/// A page that a node publishes, for reading.
pub fn open_page(path: &str) -> Result<Mapping> {
    let file = File::open(path).map_err(|error| Failure::io(&error, "open", path))?;
    let length = file.metadata().map_err(|error| Failure::io(&error, "fstat", path))?.len();
    if length < FILE_BYTES as u64 {
        return Err(Failure::format(format!("{path} has {length} octets and is no clock page")));
    }
    Mapping::new(&file, FILE_BYTES, false, path)
}

/// Page and clock at one instant: the page is copied, the time taken and the clock read before the page may have changed.
fn observe(clock: &VirtualClock, page: &Page) -> Option<[f64; at::LENGTH]> {
    seqlock::read(&page.generation, || {
        let ours = page.extension_magic.load(Relaxed) == EXTENSION_MAGIC;
        let published_ns = page.published_ns.load(Relaxed);
        let void_ns = page.void_ns.load(Relaxed);
        let monotonic_ns = host_ns(libc::CLOCK_MONOTONIC);
        let truth_ns = host_ns(libc::CLOCK_REALTIME);
        let reading = clock.at(truth_ns);
        let age_ns = monotonic_ns.saturating_sub(published_ns) as f64;
        let valid = ours && page.extension_version.load(Relaxed) == EXTENSION_VERSION && monotonic_ns <= void_ns;
        let grown = |bound: f64, growth_ppb: f64| if valid { bound + growth_ppb * 1e-9 * age_ns } else { f64::NAN };
        let mut out = [0.0; at::LENGTH];
        out[at::TRUE_ERROR] = reading.ns.saturating_sub(truth_ns) as f64;
        out[at::CALIBRATED_BOUND] = grown(page.calibrated_ns.get(), page.calibrated_growth_ppb.get());
        out[at::GUARANTEED_BOUND] = grown(page.guaranteed_ns.get(), page.guaranteed_growth_ppb.get());
        out[at::AGE] = age_ns * 1e-9;
        out[at::ERA] = page.era.load(Relaxed) as f64;
        out
    })
}

/// Before the first publication, or after the writer died in the middle of one: void.
fn without_page(clock: &VirtualClock) -> [f64; at::LENGTH] {
    let truth_ns = host_ns(libc::CLOCK_REALTIME);
    let mut out = [f64::NAN; at::LENGTH];
    out[at::TRUE_ERROR] = clock.at(truth_ns).ns.saturating_sub(truth_ns) as f64;
    out
}

fn read(state: &State, env: sys::napi_env, arguments: &Arguments) -> Result<Option<f64>> {
    let sources = state.sources.borrow();
    let sources = sources.as_ref().ok_or_else(|| Failure::closed("truth reader"))?;
    let out = observe(&sources.clock, page(&sources.page)).unwrap_or_else(|| without_page(&sources.clock));
    fill_doubles(env, arguments[0], out)?;
    Ok(None)
}
