//! What the server says of its clock between two words from TypeScript: root dispersion grows, and what is too old is void.

use crate::errors::{Failure, Result};
use crate::ntp_message::{Header, LENGTH, PRECISION, REFERENCE_ID, ROOT_DISPERSION, SERVER, STRATUM};

/// MAXDISP of RFC 5905 7.2, as 16.16: nobody who looks at the root distance takes time from such an answer.
const LARGEST_DISPERSION: u32 = 16 << 16;
/// MAXSTRAT.
const UNSYNCHRONIZED_STRATUM: u8 = 16;
const LEAP_UNKNOWN: u8 = 3;
/// log2 s: what a clock that nobody has described can at least show.
const COARSE_PRECISION: u8 = -20i8 as u8;

#[derive(Clone, Copy, Debug)]
pub struct Statement {
    header: Header,
    /// Units of 2^−16 s per s.
    growth: f64,
    /// ns of CLOCK_BOOTTIME, which goes on while the host sleeps.
    made_ns: i64,
    valid_ns: i64,
    /// Of the clock; None: of no clock.
    era: Option<u64>,
}

impl Statement {
    /// For the time before the first template.
    pub fn unsynchronized() -> Self {
        let mut header = [0; LENGTH];
        header[PRECISION] = COARSE_PRECISION;
        Self { header, growth: 0.0, made_ns: 0, valid_ns: 0, era: None }
    }

    /// `growth_ppb` ≥ 0.
    pub fn new(template: &[u8], growth_ppb: f64, made_ns: i64, valid_ns: i64, era: u64) -> Result<Self> {
        let length = template.len();
        let header: Header =
            template.try_into().map_err(|_| Failure::argument(format!("the template has {length} octets, not {LENGTH}")))?;
        if header[0] & 7 != SERVER {
            return Err(Failure::argument(format!("the template has mode {}, not {SERVER}", header[0] & 7)));
        }
        Ok(Self { header, growth: growth_ppb * 1e-9 * 65536.0, made_ns, valid_ns, era: Some(era) })
    }

    /// The header of answers at `now_ns` (CLOCK_BOOTTIME) on a clock of `era`.
    pub fn at(&self, now_ns: i64, era: u64) -> Header {
        let age_ns = now_ns.saturating_sub(self.made_ns).max(0);
        let mut header = self.header;
        let (leap, stratum) = (header[0] >> 6, header[STRATUM]);
        if self.era != Some(era)
            || age_ns > self.valid_ns
            || leap == LEAP_UNKNOWN
            || !(1..UNSYNCHRONIZED_STRATUM).contains(&stratum)
        {
            // Stratum 16 is sent as 0 (RFC 5905 7.3, figure 11). A reference id in ASCII would make that a kiss of death (7.4).
            header[0] |= LEAP_UNKNOWN << 6;
            header[STRATUM] = 0;
            header[REFERENCE_ID..REFERENCE_ID + 4].fill(0);
            set_dispersion(&mut header, LARGEST_DISPERSION);
            return header;
        }
        let octets = &header[ROOT_DISPERSION..ROOT_DISPERSION + 4];
        let dispersion = u32::from_be_bytes(std::array::from_fn(|index| octets[index]));
        // As a bound, it is rounded up. The cast saturates.
        let grown = (age_ns as f64 * 1e-9 * self.growth).ceil() as u32;
        set_dispersion(&mut header, dispersion.saturating_add(grown));
        header
    }
}

fn set_dispersion(header: &mut Header, dispersion: u32) {
    header[ROOT_DISPERSION..ROOT_DISPERSION + 4].copy_from_slice(&dispersion.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::NS_PER_SECOND;

    /// Leap 1, stratum 2, reference id "GPS\0", root dispersion 1000.
    fn template() -> Header {
        let mut header = [0x11; LENGTH];
        header[0] = 1 << 6 | 4 << 3 | SERVER;
        header[STRATUM] = 2;
        header[REFERENCE_ID..REFERENCE_ID + 4].copy_from_slice(b"GPS\0");
        set_dispersion(&mut header, 1000);
        header
    }

    fn dispersion(header: &Header) -> u32 {
        u32::from_be_bytes(header[ROOT_DISPERSION..ROOT_DISPERSION + 4].try_into().unwrap())
    }

    fn statement(template: &[u8], growth_ppb: f64) -> Statement {
        Statement::new(template, growth_ppb, 5 * NS_PER_SECOND, 10 * NS_PER_SECOND, 3).unwrap()
    }

    fn is_unsynchronized(header: &Header) -> bool {
        header[0] >> 6 == 3
            && header[STRATUM] == 0
            && header[REFERENCE_ID..REFERENCE_ID + 4] == [0; 4]
            && dispersion(header) == 16 << 16
    }

    #[test]
    fn root_dispersion_grows_rounded_up_and_nothing_else_changes() {
        let said = statement(&template(), 1e6);
        assert_eq!(said.at(5 * NS_PER_SECOND, 3), template());
        // 1 ns at 1 ‰ is not nothing; 2 s are 2 ms or 131.07 units.
        assert_eq!(dispersion(&said.at(5 * NS_PER_SECOND + 1, 3)), 1001);
        let later = said.at(7 * NS_PER_SECOND, 3);
        assert_eq!(dispersion(&later), 1132);
        assert_eq!((later[0], later[STRATUM], &later[REFERENCE_ID..]), (0x64, 2, &template()[REFERENCE_ID..]));
        // A reading from before the template was set makes nothing better.
        assert_eq!(dispersion(&said.at(0, 3)), 1000);
    }

    #[test]
    fn root_dispersion_saturates() {
        let mut large = template();
        set_dispersion(&mut large, u32::MAX - 1);
        assert_eq!(dispersion(&statement(&large, 1e9).at(15 * NS_PER_SECOND, 3)), u32::MAX);
        let forever = Statement::new(&template(), 1e9, 0, i64::MAX, 3).unwrap();
        assert_eq!(dispersion(&forever.at(i64::MAX, 3)), u32::MAX);
    }

    #[test]
    fn what_is_too_old_of_another_era_or_unsynchronized_itself_is_void() {
        let said = statement(&template(), 0.0);
        assert!(!is_unsynchronized(&said.at(15 * NS_PER_SECOND, 3)));
        assert!(is_unsynchronized(&said.at(15 * NS_PER_SECOND + 1, 3)));
        assert!(is_unsynchronized(&said.at(6 * NS_PER_SECOND, 4)));
        assert!(is_unsynchronized(&Statement::unsynchronized().at(0, 0)));
        for (at, value) in [(0, 0xe4), (STRATUM, 0), (STRATUM, 16), (STRATUM, 255)] {
            let mut void = template();
            void[at] = value;
            assert!(is_unsynchronized(&statement(&void, 0.0).at(6 * NS_PER_SECOND, 3)), "{at} {value}");
        }
    }

    #[test]
    fn a_template_of_another_length_or_mode_is_refused() {
        assert!(Statement::new(&[0x24; 47], 0.0, 0, 0, 0).is_err());
        assert!(Statement::new(&[0x23; 48], 0.0, 0, 0, 0).is_err());
    }
}
