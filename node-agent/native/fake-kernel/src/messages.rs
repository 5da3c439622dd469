//! The stamps that the real kernel makes of packets are on its own CLOCK_REALTIME: they become those of the fake one.

use libc::{c_int, cmsghdr, msghdr, timespec};

use crate::realtime::{realtime, SECOND};
use crate::state::{call, State};

const SCM_TIMESTAMPING: [c_int; 2] = [37, 65];

/// # Safety
/// `messages` must have come from recvmsg or recvmmsg, with their control buffers intact.
pub unsafe fn shift<'a>(messages: impl Iterator<Item = &'a mut msghdr>) {
    call(|state| {
        for message in messages {
            // SAFETY: the caller's promise.
            unsafe { shift_one(state, message) };
        }
    });
}

/// # Safety
/// As `shift`.
unsafe fn shift_one(state: &State, message: &mut msghdr) {
    // SAFETY: the kernel has laid out the control messages within msg_controllen; the macros stay inside. Values are read and written
    // unaligned.
    unsafe {
        let mut header: *mut cmsghdr = libc::CMSG_FIRSTHDR(message);
        while !header.is_null() {
            if (*header).cmsg_level == libc::SOL_SOCKET && SCM_TIMESTAMPING.contains(&(*header).cmsg_type) {
                let place = libc::CMSG_DATA(header).cast::<timespec>();
                let software = place.read_unaligned();
                let truth = software.tv_sec * SECOND + software.tv_nsec;
                if truth != 0 {
                    let ns = realtime(state, truth);
                    place.write_unaligned(timespec { tv_sec: ns.div_euclid(SECOND), tv_nsec: ns.rem_euclid(SECOND) });
                }
            }
            header = libc::CMSG_NXTHDR(message, header);
        }
    }
}
