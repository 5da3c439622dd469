//! `readTimestampingCapabilities`: what the driver of an interface offers, by netlink and, on older kernels, by the ioctl
//! ETHTOOL_GET_TS_INFO.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use napi::Env;
use napi_derive::napi;

use crate::errors::{check, guard, Result};
use crate::ethtool_netlink;
use crate::js::Text;
use crate::socket::interface_request;

const SIOCETHTOOL: u32 = 0x8946;
const ETHTOOL_GET_TS_INFO: u32 = 0x41;
const TX_HARDWARE: u32 = 1 << 0;
const TX_SOFTWARE: u32 = 1 << 1;
const RX_HARDWARE: u32 = 1 << 2;
const RX_SOFTWARE: u32 = 1 << 3;
const SOFTWARE: u32 = 1 << 4;
const RAW_HARDWARE: u32 = 1 << 6;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Netlink,
    Ioctl,
}

/// As the kernel says it: SOF_TIMESTAMPING_* flags, and a bit for each of HWTSTAMP_TX_* and HWTSTAMP_FILTER_*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimestampingInfo {
    pub flags: u32,
    pub transmit_types: u32,
    pub receive_filters: u32,
    /// −1: none.
    pub phc_index: i32,
    pub source: Source,
}

/// struct ethtool_ts_info.
#[repr(C)]
#[derive(Default)]
struct TimestampingAnswer {
    command: u32,
    flags: u32,
    phc_index: i32,
    transmit_types: u32,
    _transmit_reserved: [u32; 3],
    receive_filters: u32,
    _receive_reserved: [u32; 3],
}

#[napi(object, object_from_js = false)]
pub struct TimestampingCapabilities {
    pub hardware: bool,
    pub software_transmit: bool,
    pub software_receive: bool,
    pub phc_index: i32,
    pub transmit_types: u32,
    pub receive_filters: u32,
    pub source: &'static str,
}

#[napi]
pub fn read_timestamping_capabilities(env: Env, interface_name: Text) -> napi::Result<TimestampingCapabilities> {
    guard(env, || {
        let info = query(&interface_name.0)?;
        let offers = |flags| info.flags & flags == flags;
        Ok(TimestampingCapabilities {
            hardware: offers(TX_HARDWARE | RX_HARDWARE | RAW_HARDWARE),
            software_transmit: offers(TX_SOFTWARE | SOFTWARE),
            software_receive: offers(RX_SOFTWARE | SOFTWARE),
            phc_index: info.phc_index,
            transmit_types: info.transmit_types,
            receive_filters: info.receive_filters,
            source: match info.source {
                Source::Netlink => "Netlink",
                Source::Ioctl => "Ioctl",
            },
        })
    })
}

fn query(interface_name: &str) -> Result<TimestampingInfo> {
    // A name that cannot be is refused here: the kernel does not answer what it cannot read.
    interface_request(interface_name)?;
    // An interface that is not there, or that cannot say, is asked again: the ioctl tells the errors that callers know.
    ethtool_netlink::query(interface_name).or_else(|_| query_by_ioctl(interface_name))
}

fn query_by_ioctl(interface_name: &str) -> Result<TimestampingInfo> {
    // SAFETY: no memory is passed; a fresh descriptor belongs to nobody else.
    let socket = unsafe {
        OwnedFd::from_raw_fd(check(libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0), "socket", "UDP")?)
    };
    let mut info = TimestampingAnswer { command: ETHTOOL_GET_TS_INFO, phc_index: -1, ..TimestampingAnswer::default() };
    let mut request = interface_request(interface_name)?;
    request.ifr_ifru.ifru_data = std::ptr::from_mut(&mut info).cast();
    // SAFETY: the kernel reads an ifreq and fills the ethtool_ts_info that it points to; both outlive the call.
    let status = unsafe { libc::ioctl(socket.as_raw_fd(), SIOCETHTOOL as _, &mut request) };
    check(status, "ioctl", &format!("SIOCETHTOOL {interface_name}"))?;
    Ok(TimestampingInfo {
        flags: info.flags,
        transmit_types: info.transmit_types,
        receive_filters: info.receive_filters,
        phc_index: info.phc_index,
        source: Source::Ioctl,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn netlink_and_the_ioctl_say_the_same_of_the_loopback() {
        let by_ioctl = query_by_ioctl("lo").unwrap();
        let by_netlink = ethtool_netlink::query("lo").unwrap();
        assert_eq!(TimestampingInfo { source: Source::Ioctl, ..by_netlink }, by_ioctl);
    }

    #[test]
    fn an_interface_that_is_not_there_is_no_device() {
        assert_eq!(query("no-such-if").unwrap_err().errno(), Some(libc::ENODEV));
        assert!(ethtool_netlink::query("no-such-if").is_err());
    }
}
