//! What shows that a clock is no longer what was published of it. Each look compares with the one before.

use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;

use crate::clock_source::ClockSource;
use crate::errors::Result;
use crate::time::{host_ns, realtime_minus, NS_PER_SECOND};
use crate::timerfd::open_set_alarm;
use crate::virtual_clock::VirtualClock;
use crate::vm_clock::VmClock;

/// What two sandwiches of CLOCK_REALTIME and CLOCK_MONOTONIC may differ by without a step, beyond their widths, ns.
const STEP_NS: i64 = 1_000;
/// What a step of our own may differ from what was asked for, ns: the kernel steps at another instant than we look.
const OWN_STEP_NS: i64 = 10_000;
/// CLOCK_BOOTTIME runs on in a suspend, CLOCK_MONOTONIC does not. Two readings of both lie within this unless a scheduler came between.
const SUSPEND_NS: i64 = NS_PER_SECOND / 100;
/// A thread that is this late was stopped, or the whole machine was, ns.
const STALL_NS: i64 = NS_PER_SECOND;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Found {
    /// Somebody else stepped the clock.
    pub step: bool,
    /// The host slept.
    pub suspend: bool,
    /// The hypervisor says that the machine was stopped, moved or restored.
    pub machine: bool,
}

impl Found {
    pub fn any(self) -> bool {
        self != Self::default()
    }
}

/// Who may step the clock, and how that shows.
enum Steps {
    Virtual {
        clock: Arc<VirtualClock>,
        era: u64,
    },
    /// CLOCK_REALTIME.
    Kernel {
        offset: Offset,
        alarm: OwnedFd,
    },
    /// A device's: nothing tells of them, readings see them later.
    Unseen,
}

/// CLOCK_REALTIME − CLOCK_MONOTONIC and how well it is known, ns.
#[derive(Clone, Copy)]
struct Offset {
    ns: i64,
    width: i64,
}

impl Offset {
    /// None: preempted in every attempt.
    fn look() -> Option<Self> {
        let (ns, width) = realtime_minus(libc::CLOCK_MONOTONIC);
        (width < i64::MAX).then_some(Self { ns, width })
    }

    fn differs(self, before: Self, by_ns: i64, tolerance_ns: i64) -> bool {
        (self.ns - before.ns - by_ns).abs() > self.width.saturating_add(before.width).saturating_add(tolerance_ns)
    }
}

pub struct Signs {
    steps: Steps,
    /// CLOCK_BOOTTIME − CLOCK_MONOTONIC, ns.
    slept_ns: i64,
    vm: Option<(VmClock, u64)>,
    /// While we step the clock ourselves.
    own_step: bool,
}

impl Signs {
    pub fn new(clock: &ClockSource, vm: Option<VmClock>) -> Result<Self> {
        let steps = match clock {
            ClockSource::Virtual(clock) => Steps::Virtual { clock: Arc::clone(clock), era: clock.file_era() },
            ClockSource::Phc(_) => Steps::Unseen,
            ClockSource::Realtime(_) => {
                Steps::Kernel { alarm: open_set_alarm()?, offset: Offset::look().unwrap_or(Offset { ns: 0, width: i64::MAX }) }
            }
        };
        let vm = vm.map(|vm| {
            let marker = vm.marker().unwrap_or(0);
            (vm, marker)
        });
        Ok(Self { steps, slept_ns: slept_ns(), vm, own_step: false })
    }

    /// Readable when somebody has set CLOCK_REALTIME, or the host has slept.
    pub fn alarm(&self) -> Option<RawFd> {
        match &self.steps {
            Steps::Virtual { .. } | Steps::Unseen => None,
            Steps::Kernel { alarm, .. } => Some(alarm.as_raw_fd()),
        }
    }

    /// Whether the hypervisor must be asked from time to time.
    pub fn asks(&self) -> bool {
        self.vm.is_some()
    }

    /// What the hypervisor says alone, which costs next to nothing.
    pub fn ask(&mut self) -> Found {
        let machine = !self.own_step && self.machine_was_stopped();
        Found { machine, ..Found::default() }
    }

    pub fn look(&mut self) -> Found {
        if self.own_step {
            return Found::default();
        }
        let slept = slept_ns();
        let suspend = (slept - self.slept_ns).abs() > SUSPEND_NS;
        self.slept_ns = slept;
        let machine = self.machine_was_stopped();
        Found { step: self.stepped(0, STEP_NS), suspend, machine }
    }

    fn machine_was_stopped(&mut self) -> bool {
        let Some((vm, last)) = &mut self.vm else { return false };
        vm.marker().is_some_and(|marker| std::mem::replace(last, marker) != marker)
    }

    pub fn begin_step(&mut self) {
        self.own_step = true;
    }

    /// Somebody else stepped as well.
    pub fn end_step(&mut self, by_ns: i64) -> bool {
        self.own_step = false;
        self.stepped(by_ns, OWN_STEP_NS)
    }

    fn stepped(&mut self, by_ns: i64, tolerance_ns: i64) -> bool {
        match &mut self.steps {
            Steps::Unseen => false,
            Steps::Virtual { clock, era } => {
                let now = clock.file_era();
                std::mem::replace(era, now) + u64::from(by_ns != 0) != now
            }
            Steps::Kernel { offset, alarm } => {
                let rang = take_alarm(alarm);
                let Some(now) = Offset::look() else { return rang && by_ns == 0 };
                let before = std::mem::replace(offset, now);
                // The alarm alone is enough: a step may be smaller than what two sandwiches show.
                (rang && by_ns == 0) || now.differs(before, by_ns, tolerance_ns)
            }
        }
    }
}

fn slept_ns() -> i64 {
    host_ns(libc::CLOCK_BOOTTIME) - host_ns(libc::CLOCK_MONOTONIC)
}

/// Whether CLOCK_REALTIME was set since the last time.
fn take_alarm(alarm: &OwnedFd) -> bool {
    let mut count = 0u64;
    // SAFETY: eight octets into `count`; the descriptor does not block.
    let read = unsafe { libc::read(alarm.as_raw_fd(), std::ptr::from_mut(&mut count).cast(), 8) };
    read < 0 && crate::errors::last_errno() == libc::ECANCELED
}

/// Whether the thread that slept from `last_ns` for at most `patience_ns` was held up for long.
pub fn is_stalled(last_ns: i64, now_ns: i64, patience_ns: i64) -> bool {
    now_ns - last_ns > patience_ns + STALL_NS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steerable::Steerable;
    use crate::virtual_file::tests::Scratch;
    use crate::virtual_file::VirtualFile;
    use std::io::Write;

    fn open(scratch: &Scratch) -> (Arc<VirtualClock>, Signs) {
        let clock = Arc::new(VirtualClock::new(VirtualFile::open(&scratch.0, true).unwrap().0));
        let signs = Signs::new(&ClockSource::Virtual(Arc::clone(&clock)), None).unwrap();
        (clock, signs)
    }

    #[test]
    fn a_step_is_found_once_and_a_change_of_frequency_is_none() {
        let scratch = Scratch::new("signs", 0, 0.0);
        let (clock, mut signs) = open(&scratch);
        clock.set_frequency(100.0).unwrap();
        assert!(!signs.look().any());
        clock.step(5).unwrap();
        assert!(signs.look().step);
        assert!(!signs.look().any());
    }

    #[test]
    fn a_step_of_our_own_is_none_unless_another_comes_with_it() {
        let scratch = Scratch::new("own-step", 0, 0.0);
        let (clock, mut signs) = open(&scratch);
        signs.begin_step();
        clock.step(5).unwrap();
        assert!(!signs.look().any());
        assert!(!signs.end_step(5));
        signs.begin_step();
        clock.step(5).unwrap();
        clock.step(5).unwrap();
        assert!(signs.end_step(5));
        signs.begin_step();
        assert!(!signs.end_step(0));
        assert!(!signs.look().any());
    }

    #[test]
    fn a_kernel_clock_that_nobody_touches_shows_nothing() {
        let source = ClockSource::Realtime(crate::realtime_clock::RealtimeClock::open().into());
        let mut signs = Signs::new(&source, None).unwrap();
        for _ in 0..200 {
            assert!(!signs.look().any());
        }
    }

    #[test]
    fn an_offset_differs_only_beyond_what_it_is_known_to() {
        let at = |ns| Offset { ns, width: 200 };
        assert!(!at(5_000).differs(at(3_700), 0, STEP_NS));
        assert!(at(5_000).differs(at(3_500), 0, STEP_NS));
        assert!(!at(1_000_000).differs(at(0), 1_000_000, OWN_STEP_NS));
        assert!(at(1_000_000).differs(at(0), 900_000, OWN_STEP_NS));
    }

    #[test]
    fn a_hypervisors_marker_is_read_between_its_writes() {
        let path = std::env::temp_dir().join(format!("meridian-vmclock-{}", std::process::id()));
        let write = |sequence: u32, marker: u64| {
            let mut page = vec![0u8; 4096];
            page[..4].copy_from_slice(&0x4b4c_4356u32.to_ne_bytes());
            page[12..16].copy_from_slice(&sequence.to_ne_bytes());
            page[16..24].copy_from_slice(&marker.to_ne_bytes());
            std::fs::OpenOptions::new().write(true).create(true).truncate(false).open(&path).unwrap().write_all(&page).unwrap();
        };
        write(2, 7);
        let name = path.to_string_lossy().into_owned();
        let source = ClockSource::Realtime(crate::realtime_clock::RealtimeClock::open().into());
        let mut signs = Signs::new(&source, VmClock::open(&name).unwrap()).unwrap();
        assert!(!signs.look().any());
        write(3, 8);
        assert!(!signs.look().machine);
        write(4, 8);
        assert!(signs.look().machine);
        assert!(!signs.look().any());
        std::fs::remove_file(&path).unwrap();
        assert!(VmClock::open(&name).unwrap().is_none());
    }

    #[test]
    fn only_a_long_delay_is_a_stall() {
        assert!(!is_stalled(0, NS_PER_SECOND, NS_PER_SECOND / 10));
        assert!(is_stalled(0, 2 * NS_PER_SECOND, NS_PER_SECOND / 10));
    }
}
