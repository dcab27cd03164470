//! Places and autonomous systems of addresses, from databases in MaxMind's format.
//!
//! [`geo_get`] and [`asn_get`] are what `GEO_GET` and `ASN_GET` give. The `geo` adapter asks the same way: through the
//! remote end of the evaluation, which knows the databases of the moment.

mod archive;
mod asn;
mod city;
mod fields;

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use alidade_event::{Map, Value};
use maxminddb::Reader;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

pub use archive::unpack;
pub use asn::AsnDatabase;
pub use city::CityDatabase;

use fields::chosen;

/// Why a file is no database.
#[derive(Debug, thiserror::Error)]
pub enum GeoError {
    #[error("neither .mmdb, .mmdb.gz nor .tar.gz")]
    Name,
    #[error("cannot be unpacked: {0}")]
    Archive(#[from] std::io::Error),
    #[error("there is no file that ends in .mmdb inside")]
    NoDatabaseInside,
    #[error("larger than {} MiB when unpacked", .0 >> 20)]
    TooLarge(usize),
    #[error("not a database in MaxMind's format: {0}")]
    Format(#[from] maxminddb::MaxMindDbError),
    #[error("a database of type `{found}`, where one of {wanted} is needed")]
    Kind { found: String, wanted: &'static str },
}

/// `GEO_GET(ip, fields?)`. Without a database no address is known.
///
/// # Errors
/// With more than two arguments.
pub fn geo_get(database: Option<&CityDatabase>, arguments: &[Value]) -> Result<Value, String> {
    get(arguments, |address| database?.place(address))
}

/// `ASN_GET(ip, fields?)`. Without a database no address is known.
///
/// # Errors
/// With more than two arguments.
pub fn asn_get(database: Option<&AsnDatabase>, arguments: &[Value]) -> Result<Value, String> {
    get(arguments, |address| database?.system(address))
}

fn get(arguments: &[Value], facts_of: impl Fn(&str) -> Option<Map>) -> Result<Value, String> {
    if arguments.len() > 2 {
        return Err("takes an address, and a list of fields".to_owned());
    }
    let Some(Value::Str(address)) = arguments.first() else {
        return Ok(Value::Null);
    };
    let address = address.trim();
    if address.is_empty() {
        return Ok(Value::Null);
    }
    let facts = facts_of(address);
    match arguments.get(1) {
        None => Ok(Value::map(facts.unwrap_or_default())),
        Some(Value::List(fields)) => Ok(facts.map_or(Value::Null, |facts| chosen(&facts, fields))),
        Some(_) => Ok(Value::Null),
    }
}

/// The address, if it is one that can have a place: not of this machine, not of a private network, not of a group.
fn public_address(text: &str) -> Option<IpAddr> {
    let address: IpAddr = text.parse().ok()?;
    let is_public = match address {
        IpAddr::V4(v4) => {
            !(v4.is_unspecified() || v4.is_loopback() || v4.is_private() || v4.is_multicast())
        }
        IpAddr::V6(v6) => {
            !(v6.is_unspecified() || v6.is_loopback() || v6.is_multicast() || is_local(v6))
        }
    };
    is_public.then_some(address)
}

fn is_local(address: Ipv6Addr) -> bool {
    address.is_unique_local() || address.is_unicast_link_local()
}

/// A whole number of whatever width the database has chosen.
struct Whole(u64);

impl<'r> Deserialize<'r> for Whole {
    fn deserialize<D: Deserializer<'r>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyWidth;
        impl Visitor<'_> for AnyWidth {
            type Value = Whole;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a whole number")
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Whole, E> {
                Ok(Whole(number))
            }
        }
        deserializer.deserialize_any(AnyWidth)
    }
}

/// Opens a database whose type has one of these words in its name.
fn open(bytes: Vec<u8>, words: &[&str], wanted: &'static str) -> Result<Reader<Vec<u8>>, GeoError> {
    let reader = Reader::from_source(bytes)?;
    let found = reader.metadata().database_type.to_string();
    if !words.iter().any(|word| found.contains(word)) {
        return Err(GeoError::Kind { found, wanted });
    }
    Ok(reader)
}

/// The record of an address as `T`. A record that cannot be read is as good as none: the file was checked when it was
/// opened, and no event may fail for it.
fn record<'r, T: Deserialize<'r>>(reader: &'r Reader<Vec<u8>>, address: &str) -> Option<T> {
    let address = public_address(address)?;
    // A database of IPv4 addresses refuses others.
    let found = reader.lookup(address).ok()?;
    found.decode().ok()?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_have_a_place() {
        for public in ["8.8.8.8", "172.32.0.1", "2001:4860:4860::8888"] {
            assert!(public_address(public).is_some(), "{public}");
        }
        for other in [
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "127.0.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "::1",
            "fe80::1",
            "fd00::1",
            "example.com",
            "8.8.8",
            "",
        ] {
            assert!(public_address(other).is_none(), "{other}");
        }
    }

    #[test]
    fn without_a_database_nothing_is_known() {
        let address = Value::str("8.8.8.8");
        let fields = Value::list(vec![Value::str("city")]);
        assert_eq!(
            geo_get(None, std::slice::from_ref(&address)),
            Ok(Value::map(Map::new()))
        );
        assert_eq!(geo_get(None, &[address.clone(), fields]), Ok(Value::Null));
        assert_eq!(
            geo_get(None, &[address.clone(), Value::Null]),
            Ok(Value::Null)
        );
        assert_eq!(geo_get(None, &[Value::str(" ")]), Ok(Value::Null));
        assert_eq!(geo_get(None, &[Value::Int(8)]), Ok(Value::Null));
        assert_eq!(geo_get(None, &[]), Ok(Value::Null));
        assert!(asn_get(None, &[address, Value::Null, Value::Null]).is_err());
    }
}
