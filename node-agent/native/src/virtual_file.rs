//! The file of a virtual clock: a page with header and adjustments, then the oscillator's table. A file is complete or absent: it is
//! written beside its place and renamed, so that whoever has mapped the old one keeps a consistent clock.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::mem::offset_of;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use crate::adjustment_ring::{AdjustmentRing, Plain};
use crate::errors::{last_errno, Failure, Result};
use crate::mapping::Mapping;
use crate::oscillator::{entries, entry_count, Character, Entry};
use crate::time::host_ns;

const MAGIC: [u8; 8] = *b"MERVCLK1";
/// The table starts on a page of its own.
const TABLE_OFFSET: usize = 4096;
/// 12 days and 240 MB.
pub const MAXIMUM_SECONDS: f64 = 1_048_576.0;

#[repr(C)]
struct Header {
    magic: [u8; 8],
    /// CLOCK_REALTIME at creation, ns: where oscillator time 0 is. What the clock showed then is the first adjustment.
    base_ns: i64,
    entries: u64,
    /// Process that holds the lock. Stays behind when it goes: only the lock itself counts.
    owner: AtomicU32,
    _reserved: u32,
    ring: AdjustmentRing,
}

const _: () = assert!(size_of::<Header>() <= TABLE_OFFSET);

pub fn create(path: &str, seconds: f64, offset_ns: i64, character: Character) -> Result<()> {
    let base_ns = host_ns(libc::CLOCK_REALTIME);
    let count = entry_count(seconds);
    let header = Header {
        magic: MAGIC,
        base_ns,
        entries: count,
        owner: AtomicU32::new(0),
        _reserved: 0,
        ring: AdjustmentRing::new(Plain { oscillator: 0, clock: base_ns.saturating_add(offset_ns), ppb: 0.0, era: 0 }),
    };
    let temporary = format!("{path}.{}.tmp", std::process::id());
    let written =
        write_file(&temporary, &header, entries(character, count)).map_err(|error| Failure::io(&error, "write", &temporary));
    let renamed = written.and_then(|()| std::fs::rename(&temporary, path).map_err(|error| Failure::io(&error, "rename", path)));
    if renamed.is_err() {
        // Already failing: what stands in the way of the removal adds nothing.
        let _ = std::fs::remove_file(&temporary);
    }
    renamed
}

fn write_file(path: &str, header: &Header, table: impl Iterator<Item = Entry>) -> std::io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 16, File::create(path)?);
    // SAFETY: Header is repr(C) without padding (its fields are 8, 4, 2 and 1 octets wide and laid out without gaps), owned here alone.
    let octets = unsafe { std::slice::from_raw_parts(std::ptr::from_ref(header).cast::<u8>(), size_of::<Header>()) };
    file.write_all(octets)?;
    file.write_all(&vec![0; TABLE_OFFSET - octets.len()])?;
    for entry in table {
        file.write_all(&entry.error_ns.to_ne_bytes())?;
        file.write_all(&entry.ppb.to_ne_bytes())?;
    }
    file.flush()
}

/// A clock file, mapped.
#[derive(Debug)]
pub struct VirtualFile {
    mapping: Mapping,
    entries: usize,
}

impl VirtualFile {
    /// Opens and checks a clock file; the lock comes with it when `steer` is wanted.
    pub fn open(path: &str, steer: bool) -> Result<(Self, Option<ClockLock>)> {
        let (opened, file) = Self::map(path, steer)?;
        let lock = if steer { Some(opened.lock(file, path)?) } else { None };
        Ok((opened, lock))
    }

    /// Writable past the owner's lock: only for a lab that plays another program.
    pub fn open_to_disturb(path: &str) -> Result<Self> {
        Ok(Self::map(path, true)?.0)
    }

    fn map(path: &str, writable: bool) -> Result<(Self, File)> {
        let file = OpenOptions::new().read(true).write(writable).open(path).map_err(|error| Failure::io(&error, "open", path))?;
        let length = file.metadata().map_err(|error| Failure::io(&error, "fstat", path))?.len();
        let entries = check_header(&file, length, path)?;
        let mapping = Mapping::new(&file, length as usize, writable, path)?;
        Ok((Self { mapping, entries }, file))
    }

    fn lock(&self, file: File, path: &str) -> Result<ClockLock> {
        // SAFETY: flock takes no memory.
        if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } != 0 {
            let errno = last_errno();
            return Err(match errno {
                libc::EWOULDBLOCK => Failure::locked(path, self.header().owner.load(Relaxed)),
                _ => Failure::system(errno, "flock", path),
            });
        }
        self.header().owner.store(std::process::id(), Relaxed);
        Ok(ClockLock { file })
    }

    fn header(&self) -> &Header {
        // SAFETY: integers and atomics only; the plain ones never change after creation. Nobody shrinks the file, `create` replaces it.
        unsafe { &self.mapping.at::<Header>(0, 1)[0] }
    }

    pub fn ring(&self) -> &AdjustmentRing {
        &self.header().ring
    }

    pub fn base_ns(&self) -> i64 {
        self.header().base_ns
    }

    pub fn table(&self) -> &[Entry] {
        // SAFETY: floats only, never written after creation.
        unsafe { self.mapping.at::<Entry>(TABLE_OFFSET, self.entries) }
    }
}

fn check_header(file: &File, length: u64, path: &str) -> Result<usize> {
    let mut magic = [0u8; 8];
    let mut entries = [0u8; 8];
    let read = file.read_exact_at(&mut magic, offset_of!(Header, magic) as u64);
    let read = read.and_then(|()| file.read_exact_at(&mut entries, offset_of!(Header, entries) as u64));
    if read.is_err() || magic != MAGIC {
        return Err(Failure::format(format!("{path} is not a virtual clock")));
    }
    let entries = u64::from_ne_bytes(entries);
    let wanted = entries.checked_mul(size_of::<Entry>() as u64).and_then(|table| table.checked_add(TABLE_OFFSET as u64));
    if entries == 0 || wanted != Some(length) {
        return Err(Failure::format(format!("{path} has {length} octets, its header says {entries} entries")));
    }
    Ok(entries as usize)
}

/// The right to steer; given back when dropped.
#[derive(Debug)]
pub struct ClockLock {
    file: File,
}

impl Drop for ClockLock {
    fn drop(&mut self) {
        // Closing is not enough: the mapping, which readers go on with, holds the same open file and the lock with it.
        // SAFETY: flock takes no memory.
        unsafe { libc::flock(self.file.as_raw_fd(), libc::LOCK_UN) };
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::virtual_clock::VirtualClock;

    /// A clock file of its own, removed when dropped.
    pub struct Scratch(pub String);

    impl Scratch {
        pub fn new(name: &str, offset_ns: i64, frequency_ppb: f64) -> Self {
            let path = std::env::temp_dir().join(format!("meridian-{name}-{}", std::process::id()));
            let path = path.to_string_lossy().into_owned();
            create(&path, 60.0, offset_ns, Character { seed: 1, frequency_ppb, wander_ppb: 1.0, sine_ppb: 0.0 }).unwrap();
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn only_one_owner_steers_and_the_lock_ends_with_it() {
        let scratch = Scratch::new("lock", 0, 0.0);
        let (still_mapped, lock) = VirtualFile::open(&scratch.0, true).unwrap();
        let refused = VirtualFile::open(&scratch.0, true).unwrap_err();
        assert!(format!("{refused:?}").contains(&std::process::id().to_string()));
        assert!(VirtualFile::open(&scratch.0, false).is_ok());
        drop(lock);
        assert!(VirtualFile::open(&scratch.0, true).is_ok());
        drop(still_mapped);
    }

    #[test]
    fn other_files_and_cut_files_are_refused() {
        let scratch = Scratch::new("cut", 0, 0.0);
        let length = std::fs::metadata(&scratch.0).unwrap().len();
        OpenOptions::new().write(true).open(&scratch.0).unwrap().set_len(length - 16).unwrap();
        assert!(VirtualFile::open(&scratch.0, false).is_err());
        std::fs::write(&scratch.0, b"not a clock").unwrap();
        assert!(VirtualFile::open(&scratch.0, false).is_err());
        assert_eq!(VirtualFile::open("/nowhere/at/all", false).unwrap_err().errno(), Some(libc::ENOENT));
    }

    #[test]
    fn clock_minus_steering_advances_exactly_with_raw_through_slews_and_steps() {
        let scratch = Scratch::new("exact", 5_000_000, 12_345.0);
        let clock = VirtualClock::new(VirtualFile::open(&scratch.0, true).unwrap().0);
        let start = host_ns(libc::CLOCK_REALTIME);
        let first = clock.at(start);
        assert_eq!((first.steering, first.era), (0.0, 0));
        clock.disturb(start + 1_000_000, None, Some(80_000.0)).unwrap();
        clock.disturb(start + 2_000_000, Some(-777_777), None).unwrap();
        clock.disturb(start + 3_000_000, None, Some(-100_000.0)).unwrap();
        for after in (0..50_000_000i64).step_by(33_331) {
            let reading = clock.at(start + after);
            let untouched = reading.ns - reading.steering as i64 - first.ns;
            assert_eq!(untouched, ((reading.raw - first.raw) * 1e9).round() as i64);
        }
        let last = clock.at(start + 50_000_000);
        assert_eq!(last.era, 1);
        assert!((last.steering - (160.0 - 777_777.0 - 4_700.0)).abs() < 3.0, "{}", last.steering);
        assert!(clock.disturb(start + 60_000_000, Some(i64::MIN), None).is_err());
    }
}
