use std::net::IpAddr;

use ipnet::IpNet;

use crate::library::prelude::*;

pub(super) const IN_SUBNET: Function = Function::new(
    "IN_SUBNET",
    "Whether an address is a host of one of several networks. The network's own address and its broadcast address are not hosts.",
    &[
        required("address", "An IPv4 or IPv6 address.").of(Types::TEXT).null_gives("false"),
        required("network", "A network such as `192.168.0.0/24`; null is left out.").of(Types::TEXT),
        repeated("networks", "More networks.").of(Types::TEXT),
    ],
    "true or false",
    in_subnet,
)
.gives(Types::BOOLEAN)
.prepared(|arguments| {
    let mut networks = Vec::with_capacity(arguments.len());
    for (at, argument) in arguments.iter().enumerate().skip(1) {
        match argument {
            // A network that is known only later: nothing can be prepared.
            None => return Ok(None),
            Some(Value::Null) => {}
            Some(Value::Str(text)) => networks.push(network(text).map_err(Refused::at(at))?),
            Some(other) => {
                let found = crate::operators::described(other);
                return Err(Refused::at(at)(format!("a network must be text, not {found}")));
            }
        }
    }
    Ok(Some(Box::new(networks)))
})
.examples(&[
    ("IN_SUBNET('10.1.2.3', '192.168.0.0/16', '10.0.0.0/8')", "true"),
    ("IN_SUBNET('192.168.1.0', '192.168.1.0/24')", "false"),
    ("IN_SUBNET('192.168.1.1', '192.168.1.1/32')", "true"),
    ("IN_SUBNET('2001:db8::5', '2001:db8::/32')", "true"),
    ("IN_SUBNET('10.1.2.3', '0.0.0.0/0')", "true"),
    ("IN_SUBNET(null, '10.0.0.0/8')", "false"),
]);

fn in_subnet(call: &mut Call) -> Outcome {
    for at in 1..call.len() {
        call.text_or_null(at)?;
    }
    let Some(text) = call.text_or_null(0)? else {
        return Ok(Value::Bool(false));
    };
    let Some(address) = address(text) else {
        return call.wrong(0, "an address");
    };
    if let Some(networks) = call.prepared::<Vec<IpNet>>() {
        return Ok(Value::Bool(
            networks.iter().any(|network| has_host(network, address)),
        ));
    }
    for at in 1..call.len() {
        let Some(text) = call.text_or_null(at)? else {
            continue;
        };
        match network(text) {
            Ok(network) if has_host(&network, address) => return Ok(Value::Bool(true)),
            Ok(_) => {}
            Err(reason) => return call.fail(reason),
        }
    }
    Ok(Value::Bool(false))
}

fn network(text: &str) -> Result<IpNet, String> {
    let parsed = text.split_once('/').and_then(|(base, prefix)| {
        let base = address(base)?;
        let is_number = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        IpNet::new(base, prefix.parse().ok().filter(|_| is_number)?).ok()
    });
    parsed.ok_or_else(|| {
        format!(
            "`{}` is not a network such as `10.0.0.0/8`",
            text.escape_debug()
        )
    })
}

/// Unlike Rust, upstream takes octets with leading zeros, as decimal numbers.
fn address(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let mut octets = [0u8; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        let part = parts.next()?;
        let is_octet = (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        *octet = part.parse().ok().filter(|_| is_octet)?;
    }
    parts.next().is_none().then(|| IpAddr::from(octets))
}

fn has_host(network: &IpNet, address: IpAddr) -> bool {
    if !network.contains(&address) {
        return false;
    }
    match network {
        // Networks of one or two addresses have nothing but hosts.
        IpNet::V4(v4) if v4.prefix_len() < 31 => {
            address != IpAddr::V4(v4.network()) && address != IpAddr::V4(v4.broadcast())
        }
        _ => true,
    }
}
