//! `describePhc`: what a PTP hardware clock is, by the name that its driver gave it. Clouds and hypervisors offer some that are no
//! hardware of a network interface: they are compared with, and mostly cannot be adjusted.

use std::path::{Path, PathBuf};

use napi::Env;
use napi_derive::napi;

use crate::errors::{guard, Failure, Result};
use crate::js::{integer, Number, Text};
use crate::phc_device::PhcDevice;

const SYSTEM_ROOT: &str = "/sys/class/ptp";
const MOST_INDEX: f64 = 255.0;

#[napi(object, object_from_js = false)]
pub struct PhcDescription {
    pub device: String,
    pub name: String,
    pub kind: String,
    pub max_adjustment_ppb: f64,
    pub cross_timestamp: bool,
}

/// `root`: where /sys/class/ptp is, in tests.
#[napi]
pub fn describe_phc(env: Env, index: Number, root: Option<Text>) -> napi::Result<PhcDescription> {
    guard(env, || {
        let index = integer(index.0, "index", 0.0..=MOST_INDEX)?;
        let root = root.map_or_else(|| PathBuf::from(SYSTEM_ROOT), |root| PathBuf::from(root.0));
        describe(&root.join(format!("ptp{index}")), format!("/dev/ptp{index}"))
    })
}

fn describe(folder: &Path, device: String) -> Result<PhcDescription> {
    let name = read_line(&folder.join("clock_name"))?;
    // Older kernels say it only in the ioctl, which takes a device that may be opened.
    let opened = PhcDevice::open(&device, false).ok();
    let max_adjustment = read_line(&folder.join("max_adjustment")).ok().and_then(|line| line.parse().ok());
    Ok(PhcDescription {
        kind: kind_of(&name, folder.join("device/net").is_dir()).to_owned(),
        max_adjustment_ppb: max_adjustment.or(opened.as_ref().map(|phc| phc.max_adjustment_ppb)).unwrap_or(0.0),
        cross_timestamp: opened.is_some_and(|phc| phc.cross_timestamps),
        device,
        name,
    })
}

fn kind_of(name: &str, has_interface: bool) -> &'static str {
    match name {
        "KVM virtual PTP" => "Kvm",
        "hyperv" => "HyperV",
        "ptp_vmw" => "Vmware",
        _ if name.starts_with("ena-ptp") => "Ena",
        _ if name.starts_with("vmclock") || name.starts_with("ptp_vmclock") => "VmClock",
        _ if has_interface => "Nic",
        _ => "Other",
    }
}

fn read_line(path: &Path) -> Result<String> {
    let shown = path.to_string_lossy();
    let text = std::fs::read(path).map_err(|error| Failure::io(&error, "open", &shown))?;
    Ok(String::from_utf8_lossy(&text[..text.len().min(256)]).lines().next().unwrap_or("").trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_known_by_its_drivers_name_before_its_place() {
        let kinds =
            [("KVM virtual PTP", false), ("hyperv", false), ("ena-ptp-05", true), ("ptp_vmw", false), ("vmclock0", false)];
        assert_eq!(kinds.map(|(name, place)| kind_of(name, place)), ["Kvm", "HyperV", "Ena", "Vmware", "VmClock"]);
        assert_eq!([("mlx5_ptp", true), ("ptp_mock", false)].map(|(name, place)| kind_of(name, place)), ["Nic", "Other"]);
    }
}
