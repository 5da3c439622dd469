//! The border to JavaScript where napi-derive does not reach: arguments checked with our own error codes, and callbacks from the event
//! loop.

use std::ffi::{c_void, CStr};
use std::ptr::null_mut;

use napi::bindgen_prelude::{FromNapiValue, TypeName, ValidateNapiValue};
use napi::{sys, ValueType};

use crate::errors::{contain, Failure, Result};

pub fn node(status: sys::napi_status, what: &str) -> Result<()> {
    if status == sys::Status::napi_ok {
        Ok(())
    } else {
        Err(Failure::node(what, status))
    }
}

/// The value's JavaScript type.
fn type_of(env: sys::napi_env, value: sys::napi_value) -> Result<sys::napi_valuetype> {
    let mut kind = sys::ValueType::napi_undefined;
    // SAFETY: env and value belong to the running callback.
    node(unsafe { sys::napi_typeof(env, value, &mut kind) }, "napi_typeof")?;
    Ok(kind)
}

pub fn read_number(env: sys::napi_env, value: sys::napi_value, name: &str) -> Result<f64> {
    let mut number = f64::NAN;
    // SAFETY: env and value belong to the running callback; a value that is no number leaves NaN.
    unsafe { sys::napi_get_value_double(env, value, &mut number) };
    if number.is_finite() {
        Ok(number)
    } else {
        Err(Failure::argument(format!("{name} must be a finite number")))
    }
}

pub fn read_text(env: sys::napi_env, value: sys::napi_value, name: &str) -> Result<String> {
    if type_of(env, value)? != sys::ValueType::napi_string {
        return Err(Failure::argument(format!("{name} must be a string")));
    }
    let mut length = 0;
    // SAFETY: a null buffer asks for the length in octets, without the final NUL.
    node(unsafe { sys::napi_get_value_string_utf8(env, value, null_mut(), 0, &mut length) }, name)?;
    let mut octets = vec![0u8; length + 1];
    // SAFETY: the buffer has room for the text and its NUL.
    node(unsafe { sys::napi_get_value_string_utf8(env, value, octets.as_mut_ptr().cast(), octets.len(), &mut length) }, name)?;
    octets.truncate(length);
    match String::from_utf8(octets) {
        // Paths and interface names end at a NUL in the kernel: `a\0b` would name another thing than it shows.
        Ok(text) if !text.is_empty() && !text.contains('\0') => Ok(text),
        _ => Err(Failure::argument(format!("{name} must not be empty nor contain NUL"))),
    }
}

/// The memory of a typed array of `kind`: pointer and length in elements. Valid until the callback returns or runs JavaScript.
pub fn read_array(env: sys::napi_env, value: sys::napi_value, kind: sys::napi_typedarray_type) -> Result<(*mut c_void, usize)> {
    let (mut found, mut length, mut data) = (-1, 0, null_mut());
    // SAFETY: env and value belong to the running callback; null for what is not asked.
    let status = unsafe { sys::napi_get_typedarray_info(env, value, &mut found, &mut length, &mut data, null_mut(), null_mut()) };
    if status != sys::Status::napi_ok || found != kind {
        return Err(Failure::argument("wrong kind of typed array"));
    }
    Ok((data, length))
}

/// Fills the first elements of a Float64Array.
pub fn fill_doubles<const N: usize>(env: sys::napi_env, value: sys::napi_value, numbers: [f64; N]) -> Result<()> {
    let (data, length) = read_array(env, value, sys::TypedarrayType::float64_array)?;
    if length < N {
        return Err(Failure::argument(format!("the Float64Array needs {N} elements")));
    }
    // SAFETY: `length` doubles are there, aligned as V8 demands of a Float64Array, and no JavaScript runs meanwhile.
    unsafe { std::ptr::copy_nonoverlapping(numbers.as_ptr(), data.cast::<f64>(), N) };
    Ok(())
}

/// An options object.
pub struct Fields {
    env: sys::napi_env,
    object: sys::napi_value,
}

impl Fields {
    pub fn value(&self, name: &CStr) -> Result<sys::napi_value> {
        let mut value = null_mut();
        // SAFETY: env and object belong to the running callback. A throwing getter comes back as a pending exception.
        node(unsafe { sys::napi_get_named_property(self.env, self.object, name.as_ptr(), &mut value) }, "options")?;
        Ok(value)
    }

    pub fn number(&self, name: &CStr) -> Result<f64> {
        read_number(self.env, self.value(name)?, &name.to_string_lossy())
    }

    /// A number within `range`, or undefined.
    pub fn optional(&self, name: &CStr, range: std::ops::RangeInclusive<f64>) -> Result<Option<f64>> {
        let value = self.value(name)?;
        if type_of(self.env, value)? == sys::ValueType::napi_undefined {
            return Ok(None);
        }
        within(read_number(self.env, value, &name.to_string_lossy())?, &name.to_string_lossy(), range).map(Some)
    }

    /// A number within `range`.
    pub fn within(&self, name: &CStr, range: std::ops::RangeInclusive<f64>) -> Result<f64> {
        within(self.number(name)?, &name.to_string_lossy(), range)
    }

    /// An integer within `range`.
    pub fn integer(&self, name: &CStr, range: std::ops::RangeInclusive<f64>) -> Result<i64> {
        integer(self.number(name)?, &name.to_string_lossy(), range)
    }

    pub fn text(&self, name: &CStr) -> Result<String> {
        read_text(self.env, self.value(name)?, &name.to_string_lossy())
    }

    /// An array of at most `most` values.
    pub fn elements(&self, name: &CStr, most: usize) -> Result<Vec<sys::napi_value>> {
        let (array, shown) = (self.value(name)?, name.to_string_lossy());
        let (mut is_array, mut length) = (false, 0);
        // SAFETY: env and value belong to the running callback.
        node(unsafe { sys::napi_is_array(self.env, array, &mut is_array) }, "napi_is_array")?;
        if !is_array {
            return Err(Failure::argument(format!("{shown} must be an array")));
        }
        // SAFETY: as above.
        node(unsafe { sys::napi_get_array_length(self.env, array, &mut length) }, "napi_get_array_length")?;
        if length as usize > most {
            return Err(Failure::argument(format!("{shown} holds {length} values, more than {most}")));
        }
        let read = |index| {
            let mut element = null_mut();
            // SAFETY: as above. A throwing getter comes back as a pending exception.
            node(unsafe { sys::napi_get_element(self.env, array, index, &mut element) }, "options")?;
            Ok(element)
        };
        (0..length).map(read).collect()
    }

    /// An array of at most `most` strings.
    pub fn texts(&self, name: &CStr, most: usize) -> Result<Vec<String>> {
        let elements = self.elements(name, most)?;
        elements.into_iter().map(|element| read_text(self.env, element, &name.to_string_lossy())).collect()
    }

    pub fn flag(&self, name: &CStr) -> Result<bool> {
        let value = self.value(name)?;
        let mut flag = false;
        // SAFETY: env and value belong to the running callback.
        match unsafe { sys::napi_get_value_bool(self.env, value, &mut flag) } {
            sys::Status::napi_ok => Ok(flag),
            _ => Err(Failure::argument(format!("{} must be a boolean", name.to_string_lossy()))),
        }
    }

    pub fn octets(&self, name: &CStr) -> Result<Vec<u8>> {
        Octets::read(self.env, self.value(name)?).map(|octets| octets.0)
    }

    pub fn env(&self) -> sys::napi_env {
        self.env
    }
}

pub fn within(number: f64, name: &str, range: std::ops::RangeInclusive<f64>) -> Result<f64> {
    if range.contains(&number) {
        Ok(number)
    } else {
        Err(Failure::argument(format!("{name} is {number}, not within {} … {}", range.start(), range.end())))
    }
}

pub fn integer(number: f64, name: &str, range: std::ops::RangeInclusive<f64>) -> Result<i64> {
    if number.fract() != 0.0 {
        return Err(Failure::argument(format!("{name} is {number}, not an integer")));
    }
    Ok(within(number, name, range)? as i64)
}

/// Makes a type an argument of derived functions, read by a function that fails with our own codes.
macro_rules! argument {
    ($type:ty, $kind:expr, $read:expr) => {
        impl TypeName for $type {
            fn type_name() -> &'static str {
                stringify!($type)
            }
            fn value_type() -> ValueType {
                $kind
            }
        }
        impl ValidateNapiValue for $type {}
        impl FromNapiValue for $type {
            // SAFETY: the derived function passes the env and value of the running callback.
            unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
                let read: fn(sys::napi_env, sys::napi_value) -> Result<$type> = $read;
                contain(|| read(env, value)).map_err(|failure| failure.throw(env))
            }
        }
    };
}

/// A finite number.
pub struct Number(pub f64);
/// A string without NUL, not empty.
pub struct Text(pub String);
/// A copy of a Uint8Array.
pub struct Octets(pub Vec<u8>);

impl Octets {
    fn read(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        let (data, length) = read_array(env, value, sys::TypedarrayType::uint8_array)?;
        if length == 0 {
            return Ok(Self(Vec::new()));
        }
        // SAFETY: `length` octets are there while no JavaScript runs; they are copied at once.
        Ok(Self(unsafe { std::slice::from_raw_parts(data.cast::<u8>(), length) }.to_vec()))
    }
}

argument!(Number, ValueType::Number, |env, value| read_number(env, value, "the argument").map(Number));
argument!(Text, ValueType::String, |env, value| read_text(env, value, "the argument").map(Text));
argument!(Octets, ValueType::Object, Octets::read);
argument!(Callback, ValueType::Function, Callback::read);
argument!(Fields, ValueType::Object, |env, object| match type_of(env, object)? {
    sys::ValueType::napi_object => Ok(Fields { env, object }),
    _ => Err(Failure::argument("the options must be an object")),
});

/// A JavaScript function that the event loop calls. Holds it until dropped, on the JavaScript thread: whoever owns one drops it when
/// closed, since the function most likely holds the owner in turn and neither would ever be collected.
pub struct Callback {
    env: sys::napi_env,
    reference: sys::napi_ref,
}

impl Callback {
    fn read(env: sys::napi_env, function: sys::napi_value) -> Result<Self> {
        if type_of(env, function)? != sys::ValueType::napi_function {
            return Err(Failure::argument("the callback must be a function"));
        }
        let mut reference = null_mut();
        // SAFETY: env and function belong to the running callback.
        node(unsafe { sys::napi_create_reference(env, function, 1, &mut reference) }, "napi_create_reference")?;
        Ok(Self { env, reference })
    }

    /// Calls it from the event loop. What it throws becomes an uncaught exception, as from any timer or socket of Node.
    pub fn call(&self) {
        let env = self.env;
        // SAFETY: on the JavaScript thread (uv callbacks run there); every value lives in the scope opened here. Failing calls mean
        // that the environment is ending, when there is nobody to call.
        unsafe {
            let mut scope = null_mut();
            if sys::napi_open_handle_scope(env, &mut scope) != sys::Status::napi_ok {
                return;
            }
            let (mut function, mut global, mut result) = (null_mut(), null_mut(), null_mut());
            sys::napi_get_reference_value(env, self.reference, &mut function);
            sys::napi_get_global(env, &mut global);
            sys::napi_make_callback(env, null_mut(), global, function, 0, std::ptr::null(), &mut result);
            let mut pending = false;
            if sys::napi_is_exception_pending(env, &mut pending) == sys::Status::napi_ok && pending {
                let mut exception = null_mut();
                sys::napi_get_and_clear_last_exception(env, &mut exception);
                sys::napi_fatal_exception(env, exception);
            }
            sys::napi_close_handle_scope(env, scope);
        }
    }
}

impl Drop for Callback {
    fn drop(&mut self) {
        // SAFETY: created by napi_create_reference in this env, deleted once; finalizers run before an env goes.
        unsafe { sys::napi_delete_reference(self.env, self.reference) };
    }
}
