//! The record layouts that JavaScript and Rust share, as `../js/layout.ts` states them. A test compares both through
//! `recordLayout()`, because a silent shift of four bytes would corrupt every time stamp.

use std::collections::HashMap;

use napi_derive::napi;

/// Declares constants and lists them under the dotted names that the test builds from js/layout.ts.
macro_rules! layout {
    ($module:ident, $prefix:literal, { $($(#[$doc:meta])* $constant:ident = $value:literal => $name:literal),+ $(,)? }) => {
        pub mod $module {
            $($(#[$doc])* pub const $constant: usize = $value;)+
            pub const NAMES: &[(&str, usize)] = &[$((concat!($prefix, ".", $name), $constant)),+];
        }
    };
}

layout!(ring, "ringLayout", {
    HEADER_BYTES = 64 => "headerBytes",
    SLOTS = 256 => "slots",
    SLOT_BYTES = 512 => "slotBytes",
    /// u32 index in the header.
    HEAD = 0 => "head",
    TAIL = 1 => "tail",
    DROPPED = 2 => "dropped",
});

layout!(slot, "slotLayout", {
    KIND = 0 => "kind",
    SOCKET = 4 => "socket",
    LENGTH = 8 => "length",
    KEY = 12 => "key",
    SECONDS = 16 => "seconds",
    NANOSECONDS = 24 => "nanoseconds",
    INTERFACE_INDEX = 28 => "interfaceIndex",
    SOURCE_ADDRESS = 32 => "sourceAddress",
    SOURCE_PORT = 36 => "sourcePort",
    LATENCY = 40 => "latency",
    RAW = 48 => "raw",
    STEERING = 56 => "steering",
    PAYLOAD = 64 => "payload",
    PAYLOAD_BYTES = 448 => "payloadBytes",
});

layout!(kind, "recordKind", {
    RECEIVED = 1 => "received",
    TRANSMIT_STAMP = 2 => "transmitStamp",
    ERROR = 3 => "error",
});

layout!(clock_reading, "clockReading", {
    SECONDS = 0 => "seconds",
    NANOSECONDS = 1 => "nanoseconds",
    RAW = 2 => "raw",
    STEERING = 3 => "steering",
    FREQUENCY = 4 => "frequency",
    ERA = 5 => "era",
    LENGTH = 6 => "length",
});

layout!(truth_reading, "truthReading", {
    TRUE_ERROR = 0 => "trueError",
    CALIBRATED_BOUND = 1 => "calibratedBound",
    GUARANTEED_BOUND = 2 => "guaranteedBound",
    AGE = 3 => "age",
    ERA = 4 => "era",
    LENGTH = 5 => "length",
});

layout!(interval_reading, "intervalReading", {
    EARLIEST_SECONDS = 0 => "earliestSeconds",
    EARLIEST_NANOSECONDS = 1 => "earliestNanoseconds",
    LATEST_SECONDS = 2 => "latestSeconds",
    LATEST_NANOSECONDS = 3 => "latestNanoseconds",
    STATUS = 4 => "status",
    LENGTH = 5 => "length",
});

layout!(offset_sample, "offsetSample", {
    OFFSET_SECONDS = 0 => "offsetSeconds",
    OFFSET_NANOSECONDS = 1 => "offsetNanoseconds",
    HALF_WIDTH = 2 => "halfWidth",
    SYSTEM_SECONDS = 3 => "systemSeconds",
    SYSTEM_NANOSECONDS = 4 => "systemNanoseconds",
    SYSTEM_RAW = 5 => "systemRaw",
    RAW = 6 => "raw",
    METHOD = 7 => "method",
    LENGTH = 8 => "length",
});

layout!(offset_method, "offsetMethod", {
    PRECISE = 1 => "precise",
    EXTENDED = 2 => "extended",
    ALTERNATING = 3 => "alternating",
    SANDWICH = 4 => "sandwich",
});

#[napi]
pub fn record_layout() -> HashMap<String, u32> {
    [
        ring::NAMES,
        slot::NAMES,
        kind::NAMES,
        clock_reading::NAMES,
        truth_reading::NAMES,
        interval_reading::NAMES,
        offset_sample::NAMES,
        offset_method::NAMES,
    ]
    .into_iter()
    .flatten()
    .map(|&(name, value)| (name.to_owned(), value as u32))
    .collect()
}
