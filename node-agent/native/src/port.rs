//! `Port`: the event and the general socket of one interface as JavaScript sees them. What happens on a wake-up stands in
//! `port_state.rs`.

use std::ffi::c_int;
use std::rc::Rc;

use napi::bindgen_prelude::{This, Uint8Array};
use napi::{sys, Env, JsValue};
use napi_derive::napi;

use crate::errors::{guard, Result};
use crate::intake::Polled;
use crate::js::{Callback, Fields, Text};
use crate::port_options::PortOptions;
use crate::port_state::{EventPoll, State};
use crate::raw_function::{define_function, define_value, Arguments};
use crate::send_arguments::{read_key, read_message};

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
            define_value(env.raw(), this.object.raw(), c"ring", state.intake().ring.array_buffer(env.raw())?)?;
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
        self.state.intake().statistics().to_vec()
    }

    #[napi]
    pub fn close(&self, env: Env) -> napi::Result<()> {
        guard(env, || {
            self.state.close();
            Ok(())
        })
    }
}

fn send_event(state: &State, env: sys::napi_env, arguments: &Arguments) -> Result<Option<f64>> {
    let message = read_message(env, arguments)?;
    state.send_event(message, read_key(env, arguments)?).map(|errno| Some(f64::from(errno)))
}

fn send_general(state: &State, env: sys::napi_env, arguments: &Arguments) -> Result<Option<f64>> {
    state.send_general(read_message(env, arguments)?).map(|errno| Some(f64::from(errno)))
}
