//! `createVirtualClock` and `disturbVirtualClock`: what labs and tests do with virtual clocks from outside.

use std::ffi::CStr;

use napi::Env;
use napi_derive::napi;

use crate::clock::{FREQUENCY_LIMIT_PPB, OFFSET_LIMIT_NS};
use crate::errors::guard;
use crate::js::{Fields, Text};
use crate::oscillator::Character;
use crate::time::host_ns;
use crate::virtual_clock::VirtualClock;
use crate::virtual_file::{self, VirtualFile};

#[napi]
pub fn create_virtual_clock(env: Env, path: Text, options: Fields) -> napi::Result<()> {
    guard(env, || {
        let frequency = |name: &CStr| options.within(name, -FREQUENCY_LIMIT_PPB..=FREQUENCY_LIMIT_PPB);
        let seconds = options.within(c"seconds", 1.0..=virtual_file::MAXIMUM_SECONDS)?;
        let offset_ns = options.within(c"offsetNs", -OFFSET_LIMIT_NS..=OFFSET_LIMIT_NS)?;
        let character = Character {
            seed: options.integer(c"seed", 0.0..=9e15)? as u64,
            frequency_ppb: frequency(c"frequencyPpb")?,
            wander_ppb: frequency(c"wanderPpb")?,
            sine_ppb: frequency(c"sinePpb")?,
        };
        virtual_file::create(&path.0, seconds, offset_ns.round() as i64, character)
    })
}

/// For labs: past the lock of whoever steers the clock, as any other program with the capability can treat a kernel's clock.
#[napi]
pub fn disturb_virtual_clock(env: Env, path: Text, change: Fields) -> napi::Result<()> {
    guard(env, || {
        let step_ns = change.optional(c"stepNs", -OFFSET_LIMIT_NS..=OFFSET_LIMIT_NS)?;
        let ppb = change.optional(c"frequencyPpb", -FREQUENCY_LIMIT_PPB..=FREQUENCY_LIMIT_PPB)?;
        let clock = VirtualClock::new(VirtualFile::open_to_disturb(&path.0)?);
        clock.disturb(host_ns(libc::CLOCK_REALTIME), step_ns.map(|ns| ns.round() as i64), ppb)
    })
}
