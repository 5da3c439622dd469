//! What the executor needs of a clock.

use crate::errors::Result;

pub trait Steerable: Send + Sync {
    /// Raw time now, s.
    fn raw_now(&self) -> Result<f64>;
    /// Frequency `ppb` from now on. Returns the raw time at which it took effect.
    fn set_frequency(&self, ppb: f64) -> Result<f64>;
    /// Frequency in force now, ppb; NaN: it cannot be read.
    fn frequency(&self) -> f64;
    /// Adds `ns` to the clock now; starts a new era.
    fn step(&self, ns: i64) -> Result<()>;
}
