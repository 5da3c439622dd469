//! Functions that run once per packet or more: a raw Node-API function costs 8 ns a call, a derived method 270 ns.

use std::ffi::{c_void, CStr};
use std::ptr::null_mut;
use std::rc::Rc;

use napi::sys;

use crate::errors::{contain, Result};
use crate::js::node;

/// Arguments of a raw function; absent ones are undefined.
pub type Arguments = [sys::napi_value; 3];
/// Body of a raw function; the number becomes its result, None undefined.
pub type Body<T> = fn(&T, sys::napi_env, &Arguments) -> Result<Option<f64>>;

struct RawFunction<T> {
    state: Rc<T>,
    body: Body<T>,
}

/// Gives `object` a read-only property `name` that holds a raw function over `state`. The function keeps the state alive by itself,
/// since JavaScript may hold it longer than the object.
pub fn define_function<T: 'static>(
    env: sys::napi_env,
    object: sys::napi_value,
    name: &CStr,
    state: &Rc<T>,
    body: Body<T>,
) -> Result<()> {
    let data = Box::into_raw(Box::new(RawFunction { state: Rc::clone(state), body })).cast::<c_void>();
    let mut function = null_mut();
    // SAFETY: env belongs to the running callback; `data` is a RawFunction<T>, which is what `dispatch` and `release` of the same T
    // expect, and lives until the function is collected.
    let added = unsafe {
        let length = name.count_bytes() as isize;
        node(
            sys::napi_create_function(env, name.as_ptr(), length, Some(dispatch::<T>), data, &mut function),
            "napi_create_function",
        )
        .and_then(|()| {
            let hint = null_mut();
            node(sys::napi_add_finalizer(env, function, data, Some(release::<T>), hint, null_mut()), "napi_add_finalizer")
        })
    };
    if let Err(failure) = added {
        // SAFETY: no finalizer has taken it.
        drop(unsafe { Box::from_raw(data.cast::<RawFunction<T>>()) });
        return Err(failure);
    }
    define_value(env, object, name, function)
}

/// Gives `object` a read-only property.
pub fn define_value(env: sys::napi_env, object: sys::napi_value, name: &CStr, value: sys::napi_value) -> Result<()> {
    let property = sys::napi_property_descriptor {
        utf8name: name.as_ptr(),
        name: null_mut(),
        method: None,
        getter: None,
        setter: None,
        value,
        attributes: sys::PropertyAttributes::enumerable,
        data: null_mut(),
    };
    // SAFETY: env, object and value belong to the running callback; Node-API copies the descriptor.
    node(unsafe { sys::napi_define_properties(env, object, 1, &property) }, "napi_define_properties")
}

/// SAFETY: only ever called by Node-API, with the data of `define_function`.
unsafe extern "C" fn dispatch<T>(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let (mut count, mut arguments, mut data) = (3, [null_mut(); 3], null_mut());
    // SAFETY: `count` says how many arguments fit.
    unsafe { sys::napi_get_cb_info(env, info, &mut count, arguments.as_mut_ptr(), null_mut(), &mut data) };
    // SAFETY: the data of `define_function`, alive while the function is.
    let function = unsafe { &*data.cast::<RawFunction<T>>() };
    let mut result = null_mut();
    match contain(|| (function.body)(&function.state, env, &arguments)) {
        Ok(None) => {}
        // SAFETY: env belongs to this callback.
        Ok(Some(number)) => unsafe {
            sys::napi_create_double(env, number, &mut result);
        },
        Err(failure) => drop(failure.throw(env)),
    }
    result
}

/// SAFETY: only ever called by Node-API, once, with the data of `define_function`.
unsafe extern "C" fn release<T>(_env: sys::napi_env, data: *mut c_void, _hint: *mut c_void) {
    // SAFETY: made by Box::into_raw in `define_function`.
    let function = unsafe { Box::from_raw(data.cast::<RawFunction<T>>()) };
    let _ = contain(|| {
        drop(function);
        Ok(())
    });
}
