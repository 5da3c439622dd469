//! `ClockPage`: publishes a node's error bounds for readers in other processes, who need no call to us to read a bounded time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::bindgen_prelude::{ClassInstance, FromNapiValue};
use napi::{sys, Env};
use napi_derive::napi;

use crate::clock::Clock;
use crate::errors::{guard, Failure, Result};
use crate::js::{Fields, Text};
use crate::mapping::Mapping;
use crate::page_layout::Page;
use crate::page_state::PageState;
use crate::page_writer::{Layout, PageWriter, Subject};

/// 10 %, as for a clock's frequency.
const STEERING_LIMIT_PPB: f64 = 1e8;

pub fn page(mapping: &Mapping) -> &Page {
    // SAFETY: atomics only; pages never shrink.
    unsafe { &mapping.at::<Page>(0, 1)[0] }
}

/// A page's writer, shared with a thread that voids it; None once it is closed.
#[derive(Clone)]
pub struct SharedPage(Arc<Mutex<Option<PageWriter>>>);

impl SharedPage {
    fn lock(&self) -> MutexGuard<'_, Option<PageWriter>> {
        // A panic elsewhere leaves an odd generation at worst, which the next publication ends.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does nothing to a closed page.
    pub fn disrupt(&self) -> Result<()> {
        self.lock().as_mut().map_or(Ok(()), PageWriter::disrupt)
    }
}

#[napi]
pub struct ClockPage {
    writer: SharedPage,
}

#[napi]
impl ClockPage {
    #[napi(constructor)]
    pub fn new(env: Env, path: Text, options: Option<Fields>) -> napi::Result<Self> {
        guard(env, || {
            let (layout, subject) = match &options {
                None => (Layout::Meridian, None),
                Some(options) => {
                    let steering_ppb = options.within(c"steeringPpb", 0.0..=STEERING_LIMIT_PPB)?;
                    let subject = Subject { clock: Clock::from_options(options)?, steering_ppb };
                    (Layout::read(&options.text(c"layout")?)?, Some(subject))
                }
            };
            let writer = PageWriter::open(&path.0, layout, subject)?;
            Ok(Self { writer: SharedPage(Arc::new(Mutex::new(Some(writer)))) })
        })
    }

    #[napi]
    pub fn publish(&self, env: Env, state: Fields) -> napi::Result<()> {
        guard(env, || {
            let state = PageState::read(&state)?;
            self.writer.lock().as_mut().ok_or_else(|| Failure::closed("page"))?.publish(&state)
        })
    }

    /// What was published stays until it is void by itself.
    #[napi]
    pub fn close(&self, env: Env) -> napi::Result<()> {
        guard(env, || {
            drop(self.writer.lock().take());
            Ok(())
        })
    }

    /// An element of an array of pages.
    pub(crate) fn shared(env: sys::napi_env, value: sys::napi_value) -> Result<SharedPage> {
        // SAFETY: env and value belong to the running callback; napi checks the class by its type tag.
        let page = unsafe { ClassInstance::<ClockPage>::from_napi_value(env, value) };
        let page = page.map_err(|error| Failure::argument(format!("pages must hold ClockPages: {error}")))?;
        if page.writer.lock().is_none() {
            return Err(Failure::closed("page"));
        }
        Ok(page.writer.clone())
    }
}
