use alidade_event::{Map, Value};
use maxminddb::Reader;
use serde::Deserialize;

use super::{GeoError, Whole, open, record};

/// A database of autonomous systems, such as GeoLite2-ASN.
pub struct AsnDatabase {
    reader: Reader<Vec<u8>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct System<'r> {
    autonomous_system_number: Option<Whole>,
    autonomous_system_organization: Option<&'r str>,
}

impl AsnDatabase {
    /// Takes the bytes of an `.mmdb` file.
    ///
    /// # Errors
    /// When they are no database of autonomous systems.
    pub fn open(bytes: Vec<u8>) -> Result<AsnDatabase, GeoError> {
        let reader = open(
            bytes,
            &["ASN", "ISP", "Enterprise"],
            "GeoLite2-ASN, GeoIP2-ISP",
        )?;
        Ok(AsnDatabase { reader })
    }

    /// The system that an address belongs to. `network` is the address itself, as upstream has it.
    pub fn system(&self, address: &str) -> Option<Map> {
        let system: System<'_> = record(&self.reader, address)?;
        let number = system
            .autonomous_system_number
            .map_or(Value::Null, |number| {
                i32::try_from(number.0).map_or(Value::Long(number.0 as i64), Value::Int)
            });
        let organization = system.autonomous_system_organization.unwrap_or_default();
        let facts = [
            ("autonomous_system_number", number),
            ("autonomous_system_organization", Value::str(organization)),
            ("network", Value::str(address)),
        ];
        Some(
            facts
                .into_iter()
                .map(|(name, value)| (Value::str(name), value))
                .collect(),
        )
    }
}
