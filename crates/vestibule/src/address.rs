//! Where a request comes from, as far as it can be known.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::{
    extract::{ConnectInfo, connect_info::MockConnectInfo},
    http::{Extensions, HeaderMap, HeaderName},
};
use ipnet::IpNet;

use crate::config::ClientAddress;

/// Stands for the address of everybody where nobody's is known.
pub(crate) const NOWHERE: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// The client's address, found as the application says; `None` where it is not there.
pub(crate) fn client_address(
    how: &ClientAddress,
    extensions: &Extensions,
    headers: &HeaderMap,
    trusted: &[IpNet],
) -> Option<IpAddr> {
    match how {
        ClientAddress::Peer => peer(extensions).map(|peer| behind_proxies(peer, headers, trusted)),
        ClientAddress::Header(name) => by_header(headers, name),
        ClientAddress::Unknown => None,
    }
}

/// Who is connected: as axum's server says it, or its tests.
fn peer(extensions: &Extensions) -> Option<IpAddr> {
    let connected = extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer);
    let peer = connected.or_else(|| {
        extensions.get::<MockConnectInfo<SocketAddr>>().map(|MockConnectInfo(peer)| peer)
    })?;
    Some(peer.ip().to_canonical())
}

/// A header that is there once, and is an address.
fn by_header(headers: &HeaderMap, name: &HeaderName) -> Option<IpAddr> {
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    parse_hop(value.to_str().ok()?.trim())
}

/// The peer's address, or, where the peer is a trusted proxy, the right-most address in `X-Forwarded-For` that is
/// not one itself. What stands left of that was written by the client.
fn behind_proxies(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    if !is_trusted(peer, trusted) {
        return peer;
    }
    let mut nearest = peer;
    for header in headers.get_all("x-forwarded-for").iter().rev() {
        for hop in header.to_str().unwrap_or_default().rsplit(',') {
            let Some(hop) = parse_hop(hop.trim()) else {
                return nearest;
            };
            nearest = hop;
            if !is_trusted(hop, trusted) {
                return hop;
            }
        }
    }
    nearest
}

/// Whether the client speaks https: to us, or to a trusted proxy that says so.
pub(crate) fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

/// An address as proxies write it: bare, with a port, or in brackets.
fn parse_hop(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .map_or(text, |(address, _)| address);
    bare.parse::<IpAddr>()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
        .map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn from(peer: &str, forwarded: &[&str]) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        let headers = forwarded
            .iter()
            .map(|line| ("x-forwarded-for".parse().unwrap(), HeaderValue::from_str(line).unwrap()));
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let found = client_address(&ClientAddress::Peer, &extensions, &headers.collect(), &trusted);
        found.unwrap().to_string()
    }

    #[test]
    fn a_header_counts_where_the_application_names_it_and_it_is_there_once() {
        let how = ClientAddress::Header(HeaderName::from_static("fly-client-ip"));
        let by = |lines: &[&str]| {
            let lines = lines.iter().map(|line| {
                ("fly-client-ip".parse().unwrap(), HeaderValue::from_str(line).unwrap())
            });
            let mut extensions = Extensions::new();
            extensions.insert(ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 1))));
            client_address(&how, &extensions, &lines.collect(), &[]).map(|found| found.to_string())
        };
        assert_eq!(by(&["198.51.100.9"]).as_deref(), Some("198.51.100.9"));
        assert_eq!(by(&[" [2001:db8::5]:99 "]).as_deref(), Some("2001:db8::5"));
        for nothing in [&[][..], &["198.51.100.9", "198.51.100.9"], &["a"], &["1.1.1.1, 2.2.2.2"]] {
            assert_eq!(by(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn nothing_is_made_up() {
        let (extensions, headers) = (Extensions::new(), HeaderMap::new());
        for how in [ClientAddress::Peer, ClientAddress::Unknown] {
            assert_eq!(client_address(&how, &extensions, &headers, &[]), None);
        }
        let mut extensions = Extensions::new();
        extensions.insert(MockConnectInfo(SocketAddr::from(([192, 0, 2, 7], 1))));
        let found = client_address(&ClientAddress::Peer, &extensions, &headers, &[]);
        assert_eq!(found.unwrap().to_string(), "192.0.2.7");
    }

    #[test]
    fn only_trusted_proxies_are_believed_and_only_the_right_most_hop() {
        assert_eq!(from("192.0.2.1", &["198.51.100.9"]), "192.0.2.1");
        assert_eq!(from("10.0.0.1", &["198.51.100.9"]), "198.51.100.9");
        assert_eq!(from("10.0.0.1", &["1.1.1.1, 198.51.100.9"]), "198.51.100.9");
        assert_eq!(from("10.0.0.1", &["1.1.1.1, 198.51.100.9, 10.0.0.2"]), "198.51.100.9");
        assert_eq!(from("10.0.0.1", &["1.1.1.1", "198.51.100.9:443, 10.0.0.2"]), "198.51.100.9");
        assert_eq!(from("10.0.0.1", &["1.1.1.1, junk, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(from("::1", &["[2001:db8::5]:99"]), "2001:db8::5");
        assert_eq!(from("::ffff:10.0.0.1", &["::ffff:198.51.100.9"]), "198.51.100.9");
        assert_eq!(from("10.0.0.1", &[]), "10.0.0.1");
    }
}
