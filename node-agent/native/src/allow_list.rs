//! The IPv4 networks that are served.

use std::net::Ipv4Addr;

use crate::errors::{Failure, Result};

/// One that is tried for every packet, in order.
pub const MOST_NETWORKS: usize = 32;

#[derive(Debug)]
struct Network {
    start: u32,
    mask: u32,
}

#[derive(Debug)]
pub struct AllowList(Vec<Network>);

impl AllowList {
    /// Each as "10.0.0.0/8"; bits beyond the prefix do not count.
    pub fn parse(texts: &[String]) -> Result<Self> {
        if texts.is_empty() || texts.len() > MOST_NETWORKS {
            return Err(Failure::argument(format!("allowed holds {} networks, not 1 … {MOST_NETWORKS}", texts.len())));
        }
        texts.iter().map(|text| parse_network(text)).collect::<Result<_>>().map(Self)
    }

    pub fn contains(&self, address: Ipv4Addr) -> bool {
        let address = u32::from(address);
        self.0.iter().any(|network| address & network.mask == network.start)
    }
}

fn parse_network(text: &str) -> Result<Network> {
    let parsed = text.split_once('/').and_then(|(address, bits)| {
        let address: Ipv4Addr = address.parse().ok()?;
        let bits: u32 = bits.parse().ok().filter(|bits| *bits <= 32 && !text.contains('+'))?;
        Some((u32::from(address), u32::MAX.checked_shl(32 - bits).unwrap_or(0)))
    });
    let (address, mask) = parsed.ok_or_else(|| Failure::argument(format!("allowed: {text} is not an IPv4 network")))?;
    Ok(Network { start: address & mask, mask })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(texts: &[&str]) -> Result<AllowList> {
        AllowList::parse(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn an_address_is_served_when_any_network_holds_it() {
        let allowed = list(&["10.1.2.3/8", "192.168.7.5/32", "172.16.0.0/12"]).unwrap();
        for (address, expected) in [
            ([10, 255, 0, 1], true),
            ([11, 0, 0, 0], false),
            ([192, 168, 7, 5], true),
            ([192, 168, 7, 4], false),
            ([172, 31, 255, 255], true),
            ([172, 32, 0, 0], false),
        ] {
            assert_eq!(allowed.contains(Ipv4Addr::from(address)), expected, "{address:?}");
        }
        assert!(list(&["0.0.0.0/0"]).unwrap().contains(Ipv4Addr::new(255, 1, 2, 3)));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0/8", "::/0", "10.0.0.0/8/8", "10.0.0.0/"]
        {
            assert!(list(&[text]).is_err(), "{text}");
        }
        assert!(list(&[]).is_err());
        assert!(list(&["10.0.0.0/8"; 33]).is_err());
    }
}
