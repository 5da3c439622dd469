//! Descriptors of devices that are not there: memory files, and a table of what they stand for.

use std::ffi::{c_char, CStr};
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use libc::c_int;

use crate::state::call;
use crate::words::Word;

const MOST: usize = 65_536;
static KINDS: [AtomicU8; MOST] = [const { AtomicU8::new(0) }; MOST];

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Device {
    PhcReadOnly = 1,
    Phc = 2,
    Rtc = 3,
}

impl Device {
    pub fn of(fd: c_int) -> Option<Self> {
        match KINDS.get(usize::try_from(fd).ok()?)?.load(Relaxed) {
            1 => Some(Self::PhcReadOnly),
            2 => Some(Self::Phc),
            3 => Some(Self::Rtc),
            _ => None,
        }
    }

    pub fn forget(fd: c_int) {
        if let Some(kind) = usize::try_from(fd).ok().and_then(|index| KINDS.get(index)) {
            kind.store(0, Relaxed);
        }
    }

    pub fn is_phc(self) -> bool {
        self != Self::Rtc
    }
}

/// None: a path that is none of ours.
pub fn open(path: *const c_char, flags: c_int) -> Option<Result<c_int, c_int>> {
    // SAFETY: callers of open(2) pass a path with its final NUL.
    let path = unsafe { CStr::from_ptr(path) }.to_bytes();
    let phc = path.strip_prefix(b"/dev/ptp").filter(|digit| matches!(digit, [b'0'..=b'9']));
    if phc.is_none() && path != b"/dev/rtc0" {
        return None;
    }
    let writes = flags & libc::O_ACCMODE != libc::O_RDONLY;
    call(|state| match phc {
        None => make(c"rtc0", Device::Rtc),
        Some(b"0") if state.is(Word::PhcPresent) && !state.is(Word::PhcGone) => {
            if writes && !state.is(Word::PhcWritable) {
                return Err(libc::EACCES);
            }
            make(c"ptp0", if writes { Device::Phc } else { Device::PhcReadOnly })
        }
        Some(_) => Err(libc::ENOENT),
    })
}

fn make(name: &CStr, device: Device) -> Result<c_int, c_int> {
    // SAFETY: a name with its final NUL.
    let fd = unsafe { libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC) };
    let kind = usize::try_from(fd).ok().and_then(|index| KINDS.get(index)).ok_or(libc::EMFILE)?;
    kind.store(device as u8, Relaxed);
    Ok(fd)
}

/// The device of a dynamic clock id (FD_TO_CLOCKID).
pub fn of_clock(clock: libc::clockid_t) -> Option<Device> {
    if clock >= 0 || clock & 7 != 3 {
        return None;
    }
    Device::of(!(clock >> 3)).filter(|device| device.is_phc())
}
