//! How far a PTP hardware clock is from CLOCK_REALTIME: the best that its driver offers, of a few samples the narrowest. The error is at
//! most half the width, because the device was read somewhere between the two system times.

use crate::errors::{Failure, Result};
use crate::layout::offset_method;
use crate::phc_device::{Alternating, PhcDevice, Precise, PtpTime, Sandwiched, ALTERNATING, MOST_SAMPLES, PRECISE, SANDWICHED};
use crate::time::{host_ns, realtime_minus};

/// How a sample was taken, best first. The numbers are those of js/layout.ts `offsetMethod`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// One instant, by hardware.
    Precise = offset_method::PRECISE as isize,
    /// The driver reads the system clock right around the register.
    Extended = offset_method::EXTENDED as isize,
    /// The driver's whole call lies between two system times.
    Alternating = offset_method::ALTERNATING as isize,
    /// A system call between two of ours.
    Sandwich = offset_method::SANDWICH as isize,
}

const METHODS: [Method; 4] = [Method::Precise, Method::Extended, Method::Alternating, Method::Sandwich];
/// A hardware cross time stamp is exact to the units that it is told in, ns.
const PRECISE_HALF_WIDTH: f64 = 1.0;

/// The device between two system times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// CLOCK_REALTIME at the middle, ns.
    pub system_ns: i64,
    pub device_ns: i64,
    /// ns.
    pub half_width: f64,
}

impl Sample {
    fn between(before: i64, device_ns: i64, after: i64) -> Option<Self> {
        // Backwards: the system's clock was stepped in between.
        let width = after.checked_sub(before).filter(|width| *width >= 0)?;
        Some(Self { system_ns: before + width / 2, device_ns, half_width: width as f64 / 2.0 })
    }
}

/// `count` 1 … MOST_SAMPLES. `best` is the best method that may work here, and becomes the one that did.
pub fn sample_offset(device: &PhcDevice, count: usize, best: &mut Method) -> Result<(Sample, Method)> {
    let mut refused = Failure::argument("no samples");
    let first = *best;
    for method in METHODS.into_iter().filter(|method| *method >= first) {
        match take(device, count, method) {
            Ok(Some(sample)) => return Ok((sample, method)),
            // Only backwards ones: whoever asks tries again.
            Ok(None) => return Err(Failure::system(libc::EAGAIN, "ioctl", &device.path)),
            Err(failure) => match failure.errno() {
                Some(libc::EOPNOTSUPP | libc::ENOTTY | libc::EINVAL | libc::ENOSYS) if method < Method::Sandwich => {
                    *best = METHODS[method as usize];
                }
                Some(libc::ENODEV) | None => return Err(failure),
                // Busy, or timed out: this time by the next one.
                Some(_) => refused = failure,
            },
        }
    }
    Err(refused)
}

fn take(device: &PhcDevice, count: usize, method: Method) -> Result<Option<Sample>> {
    match method {
        Method::Precise => take_precise(device),
        Method::Extended => take_extended(device, count),
        Method::Alternating => take_alternating(device, count),
        Method::Sandwich => take_sandwich(device, count),
    }
}

fn take_precise(device: &PhcDevice) -> Result<Option<Sample>> {
    if !device.cross_timestamps {
        return Err(Failure::system(libc::EOPNOTSUPP, "ioctl", &device.path));
    }
    let mut precise = Precise::default();
    // SAFETY: the request is that of a `Precise`.
    unsafe { device.control(PRECISE, &mut precise)? };
    Ok(Some(Sample { system_ns: precise.realtime.ns(), device_ns: precise.device.ns(), half_width: PRECISE_HALF_WIDTH }))
}

fn take_extended(device: &PhcDevice, count: usize) -> Result<Option<Sample>> {
    let mut all = Sandwiched { samples: count as u32, reserved: [0; 3], times: [[PtpTime::default(); 3]; MOST_SAMPLES] };
    // SAFETY: the request is that of a `Sandwiched`.
    unsafe { device.control(SANDWICHED, &mut all)? };
    let samples = all.times[..count].iter();
    Ok(narrowest(samples.filter_map(|[before, device, after]| Sample::between(before.ns(), device.ns(), after.ns()))))
}

fn take_alternating(device: &PhcDevice, count: usize) -> Result<Option<Sample>> {
    let mut all = Alternating { samples: count as u32, reserved: [0; 3], times: [PtpTime::default(); 2 * MOST_SAMPLES + 1] };
    // SAFETY: the request is that of an `Alternating`.
    unsafe { device.control(ALTERNATING, &mut all)? };
    let samples = all.times[..=2 * count].windows(3).step_by(2);
    Ok(narrowest(samples.filter_map(|three| Sample::between(three[0].ns(), three[1].ns(), three[2].ns()))))
}

fn take_sandwich(device: &PhcDevice, count: usize) -> Result<Option<Sample>> {
    let mut samples = Vec::with_capacity(count);
    for _ in 0..count {
        let before = host_ns(libc::CLOCK_REALTIME);
        let device_ns = device.read()?;
        samples.extend(Sample::between(before, device_ns, host_ns(libc::CLOCK_REALTIME)));
    }
    Ok(narrowest(samples.into_iter()))
}

fn narrowest(samples: impl Iterator<Item = Sample>) -> Option<Sample> {
    samples.min_by(|a, b| a.half_width.total_cmp(&b.half_width))
}

/// CLOCK_MONOTONIC_RAW when CLOCK_REALTIME showed `system_ns` a moment ago, ns.
pub fn raw_at(system_ns: i64) -> i64 {
    system_ns.saturating_sub(realtime_minus(libc::CLOCK_MONOTONIC_RAW).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_sample_that_does_not_go_backwards_counts() {
        let samples = [(0, 5, 100), (1_000, 1_005, 1_040), (2_000, 2_005, 1_990)];
        let found = narrowest(samples.into_iter().filter_map(|(before, device, after)| Sample::between(before, device, after)));
        assert_eq!(found, Some(Sample { system_ns: 1_020, device_ns: 1_005, half_width: 20.0 }));
    }
}
