//! What `Port` and `SyncProgram` are told alike: interface, ports, DSCP.

use std::sync::Arc;

use crate::clock::Clock;
use crate::clock_source::ClockSource;
use crate::errors::{Failure, Result};
use crate::js::Fields;
use crate::reservation::{Reservation, Use};
use crate::socket::{interface_index, Endpoint};

pub struct PortOptions {
    pub interface_name: String,
    pub interface_index: u32,
    pub event_port: u16,
    pub general_port: u16,
    pub dscp: u8,
    pub clock: Arc<ClockSource>,
}

impl PortOptions {
    pub fn read(options: &Fields) -> Result<Self> {
        let port = |name| options.integer(name, 1.0..=65535.0).map(|port| port as u16);
        let (event_port, general_port) = (port(c"eventPort")?, port(c"generalPort")?);
        if event_port == general_port {
            return Err(Failure::argument("eventPort and generalPort must differ"));
        }
        let interface_name = options.text(c"interfaceName")?;
        Ok(Self {
            interface_index: interface_index(&interface_name)?,
            interface_name,
            event_port,
            general_port,
            dscp: options.integer(c"dscp", 0.0..=63.0)? as u8,
            clock: Clock::from_options(options)?,
        })
    }

    pub fn event(&self) -> Endpoint<'_> {
        self.endpoint(self.event_port, true)
    }

    pub fn general(&self) -> Endpoint<'_> {
        self.endpoint(self.general_port, false)
    }

    fn endpoint(&self, port: u16, stamped: bool) -> Endpoint<'_> {
        let (interface_name, interface_index) = (self.interface_name.as_str(), self.interface_index);
        Endpoint { interface_name, interface_index, port, dscp: self.dscp, stamped }
    }

    pub fn reserve(&self, usage: Use) -> Result<[Reservation; 2]> {
        let take = |port| Reservation::take(&self.interface_name, self.interface_index, port, usage);
        Ok([take(self.event_port)?, take(self.general_port)?])
    }
}
