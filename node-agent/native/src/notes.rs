//! What the kernel says beside a received message: its stamp, where it was sent to, and whether it is a transmit stamp or an error.

use libc::{in_pktinfo, msghdr, sock_extended_err, timespec, SOL_SOCKET};

use crate::time::to_ns;

const SO_EE_ORIGIN_TIMESTAMPING: u8 = 4;

/// What the control messages of one received message say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Software stamp on CLOCK_REALTIME, ns.
    pub stamp_ns: Option<i64>,
    pub interface_index: u32,
    /// IPv4 in network order: where the datagram was sent to, and where an answer is to come from. They differ for a broadcast.
    pub sent_to: u32,
    pub local_address: u32,
    /// Id of a transmit stamp.
    pub id: Option<u32>,
    /// An error queue entry that is no stamp.
    pub errno: Option<u32>,
}

/// # Safety
/// `message` must have come from recvmsg or recvmmsg, with its control buffer intact.
pub unsafe fn read_notes(message: &msghdr) -> Notes {
    let mut notes = Notes::default();
    // SAFETY: the kernel has laid out the control messages within msg_controllen; the macros stay inside. Values are read unaligned.
    unsafe {
        let mut header = libc::CMSG_FIRSTHDR(message);
        while !header.is_null() {
            let data = libc::CMSG_DATA(header);
            match ((*header).cmsg_level, (*header).cmsg_type) {
                (SOL_SOCKET, libc::SCM_TIMESTAMPING) => {
                    // Three stamps: software, unused, hardware.
                    let software = to_ns(&data.cast::<timespec>().read_unaligned());
                    notes.stamp_ns = (software != 0).then_some(software);
                }
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                    let info = data.cast::<in_pktinfo>().read_unaligned();
                    notes.interface_index = info.ipi_ifindex as u32;
                    notes.sent_to = info.ipi_addr.s_addr;
                    notes.local_address = info.ipi_spec_dst.s_addr;
                }
                (libc::IPPROTO_IP, libc::IP_RECVERR) => {
                    let error = data.cast::<sock_extended_err>().read_unaligned();
                    if error.ee_origin == SO_EE_ORIGIN_TIMESTAMPING {
                        notes.id = Some(error.ee_data);
                    } else {
                        notes.errno = Some(error.ee_errno);
                    }
                }
                _ => {}
            }
            header = libc::CMSG_NXTHDR(message, header);
        }
    }
    notes
}
