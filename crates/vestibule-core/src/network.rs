//! Networks that limits and the audit trail count by.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The part of an address that one household or host holds: all of an IPv4 address, the /64 of an IPv6
/// one.
#[must_use]
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// The part of an address that one customer of a provider may hold: the /24 of an IPv4 address, the /48 of an
/// IPv6 one.
#[must_use]
pub fn wide_network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_household_is_one() {
        let network = |text: &str| network_of(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), network("2001:db8:1:2:ffff::"));
        assert_ne!(network("2001:db8:1:2::"), network("2001:db8:1:3::"));
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
    }

    #[test]
    fn a_wide_network_is_what_a_provider_gives_to_one() {
        let network = |text: &str| wide_network_of(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1::");
        assert_eq!(network("192.0.2.77"), "192.0.2.0");
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.0");
        assert_eq!(network("198.51.100.7"), "198.51.100.0");
        assert_eq!(network("::ffff:198.51.100.7"), "198.51.100.0");
        assert_eq!(network("2001:db8:1:2::3"), "2001:db8:1::");
    }
}
