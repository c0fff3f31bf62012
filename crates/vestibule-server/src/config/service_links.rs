//! Environment variables that Kubernetes sets in every pod for each Service of its namespace (and Docker for a
//! linked container).
//!
//! A Service called `vestibule` gives `VESTIBULE_PORT=tcp://10.0.0.1:80` and five more like it, none of which
//! somebody wrote as a setting. They are told apart by name *and* value, so that a misspelt setting is still noticed.

use std::net::{IpAddr, SocketAddr};

/// Whether the variable describes a Service. `get` reads another variable of the same environment.
pub(super) fn is_service_link<'e>(
    name: &str,
    value: &str,
    get: impl Fn(&str) -> Option<&'e str>,
) -> bool {
    if name.ends_with("_SERVICE_HOST") {
        return value.parse::<IpAddr>().is_ok();
    }
    if let Some((service, port_name)) = name.split_once("_SERVICE_PORT") {
        let host = get(&format!("{service}_SERVICE_HOST"));
        let is_port_of_it = port_name.is_empty() || port_name.starts_with('_');
        let has_host = host.is_some_and(|host| host.parse::<IpAddr>().is_ok());
        return is_port_of_it && has_host && value.parse::<u16>().is_ok();
    }
    if name.ends_with("_PORT") && is_endpoint(value) {
        return true;
    }
    is_port_part(name, value)
}

/// `tcp://10.0.0.1:80`
pub(super) fn is_endpoint(value: &str) -> bool {
    let (protocol, address) = value.split_once("://").unwrap_or_default();
    matches!(protocol, "tcp" | "udp" | "sctp") && address.parse::<SocketAddr>().is_ok()
}

/// `…_PORT_80_TCP`, and the same with `_PROTO`, `_PORT` or `_ADDR` behind it.
fn is_port_part(name: &str, value: &str) -> bool {
    let Some((_, part)) = name.rsplit_once("_PORT_").or_else(|| {
        // The last of them ends in `_PORT` itself.
        name.strip_suffix("_PORT").and_then(|name| name.rsplit_once("_PORT_"))
    }) else {
        return false;
    };
    let mut words = part.split('_');
    let is_number = words.next().is_some_and(|port| port.parse::<u16>().is_ok());
    let is_protocol = matches!(words.next(), Some("TCP" | "UDP" | "SCTP"));
    let holds = match words.next() {
        None if name.ends_with("_PORT") => value.parse::<u16>().is_ok(),
        None => is_endpoint(value),
        Some("PORT") => value.parse::<u16>().is_ok(),
        Some("PROTO") => matches!(value, "tcp" | "udp" | "sctp"),
        Some("ADDR") => value.parse::<IpAddr>().is_ok(),
        Some(_) => false,
    };
    is_number && is_protocol && holds && words.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_link(name: &str, value: &str, host: Option<&'static str>) -> bool {
        is_service_link(name, value, |_| host)
    }

    #[test]
    fn all_that_a_service_gives_is_known() {
        for service in ["VESTIBULE", "VESTIBULE_WEB", "VESTIBULE_PORT_WINE", "VESTIBULE_PORT"] {
            for (suffix, value) in [
                ("SERVICE_HOST", "10.96.0.7"),
                ("SERVICE_PORT", "80"),
                ("SERVICE_PORT_HTTP", "80"),
                ("PORT", "tcp://10.96.0.7:80"),
                ("PORT", "tcp://[fd00::7]:80"),
                ("PORT_80_TCP", "tcp://10.96.0.7:80"),
                ("PORT_80_TCP_PROTO", "tcp"),
                ("PORT_80_TCP_PORT", "80"),
                ("PORT_80_TCP_ADDR", "10.96.0.7"),
                ("PORT_53_UDP_ADDR", "fd00::7"),
            ] {
                let name = format!("{service}_{suffix}");
                assert!(is_link(&name, value, Some("10.96.0.7")), "{name}={value}");
            }
        }
    }

    #[test]
    fn a_misspelt_setting_is_none_of_them() {
        for (name, value, host) in [
            ("VESTIBULE_PORT", "5000", None),
            ("VESTIBULE_PORT", "http://10.0.0.1:80", None),
            ("VESTIBULE_SERVICE_PORT", "5000", None),
            ("VESTIBULE_SERVICE_HOST", "maps.example.org", None),
            ("VESTIBULE_SERVICE_PORT", "eighty", Some("10.0.0.1")),
            ("VESTIBULE_SERVICE_PORTS", "80", Some("10.0.0.1")),
            ("VESTIBULE_PORT_80_TCP_NAME", "x", None),
            ("VESTIBULE_PORT_HTTP_TCP", "tcp://10.0.0.1:80", None),
            ("VESTIBULE_METRICS__LISTEN", "tcp://10.0.0.1:80", None),
        ] {
            assert!(!is_link(name, value, host), "{name}={value}");
        }
    }
}
