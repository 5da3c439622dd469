//! The file of a clock page, and the one protocol by which all layouts are written.
//!
//! Readers map the file; we write it by pwrite. A file that somebody truncates under a mapping ends the process that stores into it
//! (SIGBUS), and no check beforehand is soon enough; pwrite makes it whole again. Between two pwrites of one file the kernel takes and
//! gives back the inode's lock, so that readers see them in order.

use std::fs::{File, OpenOptions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};

use crate::errors::{Failure, Result};
use crate::page_layout::{FILE_BYTES, GENERATION_AT, MAGIC};

/// Of all of ClockBound's layouts: what an existing file must hold at least.
const HEADER_BYTES: u64 = 16;

pub struct PageFile {
    path: String,
    file: File,
}

impl PageFile {
    pub fn open(path: &str) -> Result<Self> {
        Ok(Self { path: path.to_owned(), file: open(path)? })
    }

    /// Writes what `fill` makes for a generation, readers being told by odd numbers that it is not whole.
    pub fn write(&mut self, fill: impl FnOnce(u16, &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()>) -> Result<()> {
        self.mend()?;
        let mut generation = [0; 2];
        self.file.read_exact_at(&mut generation, GENERATION_AT).map_err(|error| self.failed(&error, "pread"))?;
        // `| 1` also takes over from a writer that died while it held an odd number.
        let odd = u16::from_ne_bytes(generation) | 1;
        let even = odd.wrapping_add(1);
        fill(odd, &mut |octets| {
            self.write_at(&odd.to_ne_bytes(), GENERATION_AT)?;
            self.write_at(octets, 0)
        })?;
        self.write_at(&(if even == 0 { 2 } else { even }).to_ne_bytes(), GENERATION_AT)
    }

    /// A file that was removed is made again, one that was cut is made whole: readers that come later find it.
    fn mend(&mut self) -> Result<()> {
        let metadata = self.file.metadata().map_err(|error| self.failed(&error, "fstat"))?;
        if metadata.nlink() == 0 {
            self.file = open(&self.path)?;
        } else if metadata.len() < FILE_BYTES as u64 {
            allocate(&self.file).map_err(|error| self.failed(&error, "fallocate"))?;
        }
        Ok(())
    }

    fn write_at(&self, octets: &[u8], at: u64) -> Result<()> {
        self.file.write_all_at(octets, at).map_err(|error| self.failed(&error, "pwrite"))
    }

    fn failed(&self, error: &std::io::Error, call: &'static str) -> Failure {
        Failure::io(error, call, &self.path)
    }
}

/// Opens a page's file without truncating it: readers have it mapped. An existing one must be a page or empty, lest a wrong path
/// overwrites something else. ClockBound's own daemon makes them as small as their layout.
fn open(path: &str) -> Result<File> {
    let io = |error: std::io::Error, call| Failure::io(&error, call, path);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o644)
        .open(path)
        .map_err(|error| io(error, "open"))?;
    let length = file.metadata().map_err(|error| io(error, "fstat"))?.len();
    if length > 0 {
        if length < HEADER_BYTES {
            return Err(Failure::format(format!("{path} has {length} octets and is no clock page")));
        }
        let mut magic = [0; 8];
        file.read_exact_at(&mut magic, 0).map_err(|error| io(error, "pread"))?;
        let expected: Vec<u8> = MAGIC.iter().flat_map(|word| word.to_ne_bytes()).collect();
        if magic != *expected && magic != [0; 8] {
            return Err(Failure::format(format!("{path} is no clock page")));
        }
    }
    if length < FILE_BYTES as u64 {
        allocate(&file).map_err(|error| {
            if length == 0 {
                // Nobody has anything of it, and who maps it later would get nothing either.
                let _ = std::fs::remove_file(path);
            }
            io(error, "fallocate")
        })?;
    }
    Ok(file)
}

/// The whole page, on the disk: a file that is only said to be that long ends whoever maps it on a full disk.
fn allocate(file: &File) -> std::io::Result<()> {
    // SAFETY: the descriptor is open; the call touches no memory of ours.
    match unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, FILE_BYTES as libc::off_t) } {
        0 => Ok(()),
        errno => Err(std::io::Error::from_raw_os_error(errno)),
    }
}
