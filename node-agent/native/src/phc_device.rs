//! A PTP hardware clock as the kernel offers it: a character device whose descriptor is also a clock id, and its ioctls
//! (linux/ptp_clock.h). The "2" variants are asked first: they alone refuse what they do not know.

use std::fs::{File, OpenOptions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;

use libc::{c_int, c_ulong, clockid_t, timespec};

use crate::errors::{check, last_errno, Failure, Result};
use crate::time::{to_ns, NS_PER_SECOND};

/// PTP_MAX_SAMPLES.
pub const MOST_SAMPLES: usize = 25;
/// A driver may be interrupted or busy with its bus; a slow one must not hold us for long.
const ATTEMPTS: u32 = 4;

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct PtpTime {
    sec: i64,
    nsec: u32,
    _reserved: u32,
}

impl PtpTime {
    pub fn ns(self) -> i64 {
        self.sec.saturating_mul(NS_PER_SECOND).saturating_add(i64::from(self.nsec))
    }
}

/// struct ptp_clock_caps.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Capabilities {
    /// ppb.
    pub max_adjustment: c_int,
    _channels: [c_int; 5],
    pub cross_timestamping: c_int,
    _adjust_phase: c_int,
    _reserved: [c_int; 12],
}

/// struct ptp_sys_offset: system and device in turn, the system last.
#[repr(C)]
pub struct Alternating {
    pub samples: u32,
    pub reserved: [u32; 3],
    pub times: [PtpTime; 2 * MOST_SAMPLES + 1],
}

/// struct ptp_sys_offset_extended: system, device, system for each sample. The system is CLOCK_REALTIME.
#[repr(C)]
pub struct Sandwiched {
    pub samples: u32,
    pub reserved: [u32; 3],
    pub times: [[PtpTime; 3]; MOST_SAMPLES],
}

/// struct ptp_sys_offset_precise: one instant, by hardware.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Precise {
    pub device: PtpTime,
    pub realtime: PtpTime,
    pub raw: PtpTime,
    pub reserved: [u32; 4],
}

/// A request of ptp_clock.h: `_IOR`, `_IOW` or `_IOWR` of '='.
const fn request(direction: c_ulong, number: c_ulong, size: usize) -> c_ulong {
    direction << 30 | (size as c_ulong) << 16 | (b'=' as c_ulong) << 8 | number
}
const WRITE: c_ulong = 1;
const READ: c_ulong = 2;

/// An ioctl: that of "2", and the older one.
#[derive(Clone, Copy)]
pub struct Request {
    pub now: c_ulong,
    pub before: c_ulong,
}
const CAPABILITIES: Request =
    Request { now: request(READ, 10, size_of::<Capabilities>()), before: request(READ, 1, size_of::<Capabilities>()) };
pub const ALTERNATING: Request =
    Request { now: request(WRITE, 14, size_of::<Alternating>()), before: request(WRITE, 5, size_of::<Alternating>()) };
pub const PRECISE: Request =
    Request { now: request(READ | WRITE, 17, size_of::<Precise>()), before: request(READ | WRITE, 8, size_of::<Precise>()) };
pub const SANDWICHED: Request = Request {
    now: request(READ | WRITE, 18, size_of::<Sandwiched>()),
    before: request(READ | WRITE, 9, size_of::<Sandwiched>()),
};

#[derive(Debug)]
pub struct PhcDevice {
    file: File,
    pub path: String,
    pub clock: clockid_t,
    pub max_adjustment_ppb: f64,
    pub cross_timestamps: bool,
    /// The device's minor number: the N of /dev/ptpN on this host, whatever the file is called.
    pub index: u32,
}

impl PhcDevice {
    /// Steering takes a file that may be written, and no capability; where that may not be, the clock can still be read.
    pub fn open(path: &str, steer: bool) -> Result<Self> {
        let open = |write| OpenOptions::new().read(true).write(write).custom_flags(libc::O_NONBLOCK).open(path);
        let opened = open(true).or_else(|error| if steer { Err(error) } else { open(false) });
        let file = opened.map_err(|error| Failure::io(&error, "open", path))?;
        // SAFETY: integers only, for which zero is valid.
        let mut status: libc::stat = unsafe { std::mem::zeroed() };
        // SAFETY: `status` is writable.
        check(unsafe { libc::fstat(file.as_raw_fd(), &mut status) }, "fstat", path)?;
        let mut capabilities = Capabilities::default();
        // SAFETY: the request writes a `Capabilities`.
        unsafe { control(&file, CAPABILITIES, &mut capabilities, path)? };
        Ok(Self {
            clock: (!file.as_raw_fd() << 3) | 3,
            file,
            path: path.to_owned(),
            max_adjustment_ppb: f64::from(capabilities.max_adjustment),
            cross_timestamps: capabilities.cross_timestamping != 0,
            index: libc::minor(status.st_rdev),
        })
    }

    /// Its time, ns.
    pub fn read(&self) -> Result<i64> {
        let mut time = timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `time` is writable; the id belongs to an open descriptor of ours.
        persist("clock_gettime", &self.path, || unsafe { libc::clock_gettime(self.clock, &mut time) })?;
        Ok(to_ns(&time))
    }

    /// # Safety
    /// The request must read and write a `T` and nothing beyond it.
    pub unsafe fn control<T>(&self, request: Request, argument: &mut T) -> Result<()> {
        // SAFETY: the caller's promise.
        unsafe { control(&self.file, request, argument, &self.path) }
    }
}

/// # Safety
/// As `PhcDevice::control`.
unsafe fn control<T>(file: &File, request: Request, argument: &mut T, path: &str) -> Result<()> {
    let mut call = |number: c_ulong| {
        // SAFETY: the caller's promise; `argument` outlives the call.
        persist("ioctl", path, || unsafe { libc::ioctl(file.as_raw_fd(), number as _, std::ptr::from_mut(argument)) })
    };
    match call(request.now) {
        // Kernels before 5.4 have the older number only.
        Err(failure) if failure.errno() == Some(libc::ENOTTY) => call(request.before),
        result => result,
    }
}

fn persist(syscall: &'static str, path: &str, mut call: impl FnMut() -> c_int) -> Result<()> {
    for _ in 1..ATTEMPTS {
        if call() == 0 {
            return Ok(());
        }
        match last_errno() {
            libc::EINTR => {}
            libc::EBUSY | libc::EAGAIN => std::thread::yield_now(),
            errno => return Err(Failure::system(errno, syscall, path)),
        }
    }
    check(call(), syscall, path).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_have_the_numbers_of_the_kernel() {
        // As a C program with linux/ptp_clock.h prints them on x86-64.
        assert_eq!([CAPABILITIES.before, CAPABILITIES.now], [0x8050_3d01, 0x8050_3d0a]);
        assert_eq!([ALTERNATING.before, ALTERNATING.now], [0x4340_3d05, 0x4340_3d0e]);
        assert_eq!([PRECISE.before, PRECISE.now], [0xc040_3d08, 0xc040_3d11]);
        assert_eq!([SANDWICHED.before, SANDWICHED.now], [0xc4c0_3d09, 0xc4c0_3d12]);
    }

    #[test]
    fn a_file_that_is_no_clock_is_refused() {
        assert_eq!(PhcDevice::open("/dev/null", false).unwrap_err().errno(), Some(libc::ENOTTY));
        assert_eq!(PhcDevice::open("/dev/ptp-none", false).unwrap_err().errno(), Some(libc::ENOENT));
    }
}
