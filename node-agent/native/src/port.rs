//! `Port`: the event and the general socket of one interface as JavaScript sees them. What happens on a wake-up stands in
//! `port_state.rs`.

use std::ffi::c_int;
use std::rc::Rc;

use napi::bindgen_prelude::{This, Uint8Array};
use napi::{sys, Env, JsValue};
use napi_derive::napi;

use crate::errors::{guard, Failure, Result};
use crate::js::{integer, read_array, read_number, Callback, Fields, Text};
use crate::port_options::PortOptions;
use crate::port_state::{EventPoll, State};
use crate::raw_function::{define_function, define_value, Arguments};
use crate::stamp::NO_KEY;

/// The largest UDP payload.
const LARGEST_MESSAGE: f64 = 65_507.0;

#[napi]
pub struct Port {
    state: Rc<State>,
    interface_index: u32,
    hardware_address: [u8; 6],
}

#[napi]
impl Port {
    #[napi(constructor)]
    pub fn new(env: Env, this: This, options: Fields, on_ready: Callback) -> napi::Result<Self> {
        guard(env, || {
            let port = PortOptions::read(&options)?;
            let receive_buffer = options.integer(c"receiveBufferBytes", 1.0..=f64::from(1 << 30))? as c_int;
            let mode = EventPoll::parse(&options.text(c"eventPoll")?)?;
            let (state, hardware_address) = State::open(env.raw(), &port, receive_buffer, on_ready)?;
            state.set_event_poll(mode)?;
            define_value(env.raw(), this.object.raw(), c"ring", state.ring.array_buffer(env.raw())?)?;
            define_function(env.raw(), this.object.raw(), c"sendEvent", &state, send_event)?;
            define_function(env.raw(), this.object.raw(), c"sendGeneral", &state, send_general)?;
            Ok(Self { state, interface_index: port.interface_index, hardware_address })
        })
    }

    #[napi(getter)]
    pub fn interface_index(&self) -> u32 {
        self.interface_index
    }

    #[napi(getter)]
    pub fn hardware_address(&self) -> Uint8Array {
        Uint8Array::from(self.hardware_address.to_vec())
    }

    #[napi]
    pub fn set_event_poll(&self, env: Env, mode: Text) -> napi::Result<()> {
        guard(env, || self.state.set_event_poll(EventPoll::parse(&mode.0)?))
    }

    #[napi]
    pub fn drain(&self, env: Env) -> napi::Result<u32> {
        guard(env, || Ok(self.state.drain()? as u32))
    }

    #[napi]
    pub fn statistics(&self) -> Vec<f64> {
        self.state.statistics().to_vec()
    }

    #[napi]
    pub fn close(&self, env: Env) -> napi::Result<()> {
        guard(env, || {
            self.state.close();
            Ok(())
        })
    }
}

/// The first `length` octets of a Uint8Array.
fn message(env: sys::napi_env, arguments: &Arguments) -> Result<&[u8]> {
    let (data, available) = read_array(env, arguments[0], sys::TypedarrayType::uint8_array)?;
    let length = integer(read_number(env, arguments[1], "length")?, "length", 1.0..=LARGEST_MESSAGE)? as usize;
    if length > available {
        return Err(Failure::argument(format!("length is {length}, the message has {available} octets")));
    }
    // SAFETY: `available` octets are there; no JavaScript runs before the caller has sent them.
    Ok(unsafe { std::slice::from_raw_parts(data.cast::<u8>(), length) })
}

fn send_event(state: &State, env: sys::napi_env, arguments: &Arguments) -> Result<Option<f64>> {
    let message = message(env, arguments)?;
    let key = integer(read_number(env, arguments[2], "key")?, "key", 0.0..=f64::from(NO_KEY - 1))? as u32;
    state.send_event(message, key).map(|errno| Some(f64::from(errno)))
}

fn send_general(state: &State, env: sys::napi_env, arguments: &Arguments) -> Result<Option<f64>> {
    state.send_general(message(env, arguments)?).map(|errno| Some(f64::from(errno)))
}
