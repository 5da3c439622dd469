//! `trimMemory`: gives start-up memory back. Loading and compiling leaves megabytes in allocator arenas and in pages of node's own
//! text that will not run again; neither comes back by itself. What is dropped faults in again from the page cache when it is used.

use std::ffi::c_void;

use napi::Env;
use napi_derive::napi;

use crate::errors::{guard, Failure};

/// One mapping of /proc/self/smaps, sizes in kB.
#[derive(Default)]
struct MappedFile {
    start: usize,
    end: usize,
    /// Private, from a file, readable and not writable.
    droppable: bool,
    resident: u64,
    anonymous: u64,
    dirty: u64,
}

#[napi]
pub fn trim_memory(env: Env) -> napi::Result<f64> {
    guard(env, || {
        // SAFETY: returns free memory of the allocator to the kernel; nothing that is in use moves.
        unsafe { libc::malloc_trim(0) };
        let path = "/proc/self/smaps";
        let text = std::fs::read_to_string(path).map_err(|error| Failure::io(&error, "read", path))?;
        Ok(parse(&text).iter().filter(|mapping| release(mapping)).map(|mapping| mapping.resident as f64).sum())
    })
}

/// Drops the pages of a mapping that the kernel can read again from its file.
fn release(mapping: &MappedFile) -> bool {
    // A page that was written (relocations, breakpoints) exists nowhere else.
    if !mapping.droppable || mapping.anonymous > 0 || mapping.dirty > 0 || mapping.resident == 0 {
        return false;
    }
    // SAFETY: the range is a read-only private file mapping without any page of its own, so dropping it changes no content.
    unsafe { libc::madvise(mapping.start as *mut c_void, mapping.end - mapping.start, libc::MADV_DONTNEED) == 0 }
}

fn parse(smaps: &str) -> Vec<MappedFile> {
    let mut mappings: Vec<MappedFile> = Vec::new();
    for line in smaps.lines() {
        let mut words = line.split_ascii_whitespace();
        let first = words.next().unwrap_or("");
        match first.strip_suffix(':') {
            None => mappings.push(parse_head(first, words)),
            Some(field) => {
                let size = words.next().and_then(|word| word.parse().ok());
                if let (Some(mapping), Some(size)) = (mappings.last_mut(), size) {
                    match field {
                        "Rss" => mapping.resident = size,
                        "Anonymous" => mapping.anonymous = size,
                        "Private_Dirty" => mapping.dirty = size,
                        _ => {}
                    }
                }
            }
        }
    }
    mappings
}

/// `start-end permissions offset device inode path`.
fn parse_head<'a>(range: &str, mut words: impl Iterator<Item = &'a str>) -> MappedFile {
    let permissions = words.next().unwrap_or("");
    let path = words.nth(3).unwrap_or("");
    let ends = range.split_once('-').and_then(|(start, end)| {
        Some((usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?)).filter(|(start, end)| start < end)
    });
    let droppable = permissions.starts_with("r-") && permissions.ends_with('p') && path.starts_with('/');
    match ends {
        Some((start, end)) => MappedFile { start, end, droppable, ..MappedFile::default() },
        None => MappedFile::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_private_read_only_files_are_droppable() {
        let head = |line: &str| {
            let mut words = line.split_ascii_whitespace();
            let range = words.next().unwrap();
            parse_head(range, words).droppable
        };
        assert!(head("00400000-00452000 r-xp 00000000 08:02 173521 /usr/bin/node"));
        assert!(!head("00400000-00452000 rw-p 00000000 08:02 173521 /usr/bin/node"));
        assert!(!head("00400000-00452000 r--s 00000000 08:02 173521 /run/meridian/clock"));
        assert!(!head("00400000-00452000 r-xp 00000000 00:00 0 [vdso]"));
        assert!(!head("nonsense r-xp 0 0 0 /x"));
    }

    #[test]
    fn sizes_belong_to_the_mapping_above_them() {
        let text = "1000-2000 r--p 0 08:02 1 /a\nRss: 4 kB\nPrivate_Dirty: 0 kB\n2000-3000 r--p 0 08:02 1 /b\nRss: 8 kB\nAnonymous: 2 kB\n";
        let mappings = parse(text);
        assert_eq!(mappings.iter().map(|mapping| (mapping.resident, mapping.anonymous)).collect::<Vec<_>>(), [(4, 0), (8, 2)]);
    }
}
