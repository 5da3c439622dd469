//! `ClockReader`: what a program on the node asks for, the interval that contains true time now. One look at the page and two at
//! the clock, no system call but the kernel's vDSO, nothing allocated.

use std::cell::RefCell;
use std::ffi::CStr;
use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;

use napi::bindgen_prelude::This;
use napi::{sys, Env, JsValue};
use napi_derive::napi;

use crate::errors::{guard, Failure, Result};
use crate::js::{fill_doubles, Text};
use crate::layout::interval_reading as at;
use crate::mapping::Mapping;
use crate::page::page;
use crate::page_layout::{Page, EXTENSION_MAGIC, EXTENSION_VERSION};
use crate::raw_function::{define_function, Arguments};
use crate::seqlock;
use crate::time::{host_ns, split};
use crate::truth::open_page;

const READ: &CStr = c"read";

/// Which of the two bounds is asked for.
#[derive(Clone, Copy)]
enum Bound {
    Calibrated,
    Guaranteed,
}

/// An interval of CLOCK_REALTIME, ns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    pub earliest_ns: i64,
    pub latest_ns: i64,
    /// ClockBound's word; never 0.
    pub status: i32,
}

struct State {
    page: RefCell<Option<Mapping>>,
    bound: Bound,
}

#[napi]
pub struct ClockReader {
    state: Rc<State>,
}

#[napi]
impl ClockReader {
    #[napi(constructor)]
    pub fn new(env: Env, this: This, page_path: Text, bound: Text) -> napi::Result<Self> {
        guard(env, || {
            let bound = match bound.0.as_str() {
                "Calibrated" => Bound::Calibrated,
                "Guaranteed" => Bound::Guaranteed,
                other => return Err(Failure::argument(format!("bound is {other:?}, not Calibrated or Guaranteed"))),
            };
            let state = Rc::new(State { page: RefCell::new(Some(open_page(&page_path.0)?)), bound });
            define_function(env.raw(), this.object.raw(), READ, &state, read)?;
            Ok(Self { state })
        })
    }

    #[napi]
    pub fn close(&self, env: Env) -> napi::Result<()> {
        guard(env, || {
            drop(self.state.page.take());
            Ok(())
        })
    }
}

/// None: void, or the writer died at work.
fn interval(page: &Page, bound: Bound) -> Option<Interval> {
    let (bound_ns, growth_ppb, published_ns, void_ns, status, ours) = seqlock::read(&page.generation, || {
        let (bound, growth) = match bound {
            Bound::Calibrated => (&page.calibrated_ns, &page.calibrated_growth_ppb),
            Bound::Guaranteed => (&page.guaranteed_ns, &page.guaranteed_growth_ppb),
        };
        let ours =
            page.extension_magic.load(Relaxed) == EXTENSION_MAGIC && page.extension_version.load(Relaxed) == EXTENSION_VERSION;
        let (published, void) = (page.published_ns.load(Relaxed), page.void_ns.load(Relaxed));
        (bound.get(), growth.get(), published, void, page.status.load(Relaxed), ours)
    })?;
    // The age first: if we lose the CPU between the two, the clock is read later than the bound is reckoned for.
    let now_ns = host_ns(libc::CLOCK_REALTIME);
    let monotonic_ns = host_ns(libc::CLOCK_MONOTONIC);
    if !ours || monotonic_ns > void_ns || bound_ns.is_nan() {
        return None;
    }
    let half = (bound_ns + growth_ppb * 1e-9 * monotonic_ns.saturating_sub(published_ns) as f64).ceil() as i64;
    Some(Interval { earliest_ns: now_ns.saturating_sub(half), latest_ns: now_ns.saturating_add(half), status: status.max(1) })
}

fn read(state: &State, env: sys::napi_env, arguments: &Arguments) -> Result<Option<f64>> {
    let mapping = state.page.borrow();
    let mapping = mapping.as_ref().ok_or_else(|| Failure::closed("clock reader"))?;
    let mut out = [f64::NAN; at::LENGTH];
    out[at::STATUS] = 0.0;
    if let Some(interval) = interval(page(mapping), state.bound) {
        let ((earliest, earliest_ns), (latest, latest_ns)) = (split(interval.earliest_ns), split(interval.latest_ns));
        out = [earliest, f64::from(earliest_ns), latest, f64::from(latest_ns), f64::from(interval.status)];
    }
    fill_doubles(env, arguments[0], out)?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page_layout::MAGIC;
    use std::hint::black_box;
    use std::time::Instant;

    fn published(bound_ns: f64, growth_ppb: f64, age_ns: i64, life_ns: i64) -> Page {
        let page = Page::default();
        let now = host_ns(libc::CLOCK_MONOTONIC);
        page.magic[0].store(MAGIC[0], Relaxed);
        page.extension_magic.store(EXTENSION_MAGIC, Relaxed);
        page.extension_version.store(EXTENSION_VERSION, Relaxed);
        page.published_ns.store(now - age_ns, Relaxed);
        page.void_ns.store(now - age_ns + life_ns, Relaxed);
        page.calibrated_ns.set(bound_ns / 2.0);
        page.guaranteed_ns.set(bound_ns);
        page.guaranteed_growth_ppb.set(growth_ppb);
        page.status.store(1, Relaxed);
        page.generation.store(2, Relaxed);
        page
    }

    #[test]
    fn the_interval_lies_around_the_clock_and_has_grown() {
        let page = published(1_000.0, 1_000.0, 2_000_000_000, 8_000_000_000);
        let read = interval(&page, Bound::Guaranteed).expect("valid");
        let width = read.latest_ns - read.earliest_ns;
        assert!((6_000..8_000).contains(&width), "{width}");
        let calibrated = interval(&page, Bound::Calibrated).expect("valid");
        assert_eq!(calibrated.latest_ns - calibrated.earliest_ns, 1_000);
    }

    #[test]
    fn a_page_that_is_over_void_or_not_ours_gives_none() {
        assert!(interval(&published(1_000.0, 0.0, 9_000_000_000, 8_000_000_000), Bound::Guaranteed).is_none());
        assert!(interval(&published(f64::NAN, 0.0, 0, 8_000_000_000), Bound::Guaranteed).is_none());
        assert!(interval(&Page::default(), Bound::Guaranteed).is_none());
        let other = published(1_000.0, 0.0, 0, 8_000_000_000);
        other.extension_magic.store(0, Relaxed);
        assert!(interval(&other, Bound::Guaranteed).is_none());
    }

    /// For `npm run bench -- live`: ns per read, without JavaScript.
    #[test]
    #[ignore = "a measurement"]
    fn clock_read_cost() {
        let page = published(1_000.0, 1.0, 0, 600_000_000_000);
        let mut rounds: Vec<f64> = (0..9)
            .map(|_| {
                let start = Instant::now();
                for _ in 0..1_000_000 {
                    black_box(interval(black_box(&page), Bound::Guaranteed));
                }
                start.elapsed().as_nanos() as f64 / 1e6
            })
            .collect();
        rounds.sort_by(f64::total_cmp);
        println!("clock_read_ns {:.1}", rounds[4]);
    }
}
