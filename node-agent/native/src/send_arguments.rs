//! What the sending functions are given: octets, their length, a key.

use napi::sys;

use crate::errors::{Failure, Result};
use crate::js::{integer, read_array, read_number};
use crate::raw_function::Arguments;
use crate::stamp::NO_KEY;

/// The largest UDP payload.
const LARGEST_MESSAGE: f64 = 65_507.0;

/// The first `length` octets of a Uint8Array.
pub fn read_message(env: sys::napi_env, arguments: &Arguments) -> Result<&[u8]> {
    let (data, available) = read_array(env, arguments[0], sys::TypedarrayType::uint8_array)?;
    let length = integer(read_number(env, arguments[1], "length")?, "length", 1.0..=LARGEST_MESSAGE)? as usize;
    if length > available {
        return Err(Failure::argument(format!("length is {length}, the message has {available} octets")));
    }
    // SAFETY: `available` octets are there; no JavaScript runs before the caller has sent them.
    Ok(unsafe { std::slice::from_raw_parts(data.cast::<u8>(), length) })
}

pub fn read_key(env: sys::napi_env, arguments: &Arguments) -> Result<u32> {
    Ok(integer(read_number(env, arguments[2], "key")?, "key", 0.0..=f64::from(NO_KEY - 1))? as u32)
}
