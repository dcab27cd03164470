use crate::library::prelude::*;

const FIELDS: Parameter = optional(
    "fields",
    "A list with the names of the wanted fields. With anything else, null is given.",
)
.left_out("all fields")
.null_gives("null");

pub(super) const GEO_GET: Function = Function::new(
    "GEO_GET",
    "Where an address is on the earth, as far as a geo database knows: locID, country, city, postalCode, dmaCode, latitude, \
     longitude and location_point, all as text.",
    &[
        required("ip", "An IPv4 address; anything but text gives null.").null_gives("null"),
        FIELDS,
    ],
    "the map of all fields, empty for an address that is private or not known; for one field its value, for several a map of \
     them, null when the address is not known",
    lookup,
)
.remote()
.exact()
.gives(Types::MAP.or(Types::TEXT).or(Types::NULL))
.examples(&[
    ("GEO_GET(null)", "null"),
    ("GEO_GET('')", "null"),
    ("GEO_GET(5, ['country'])", "null"),
])
.usage(&[
    "GEO_GET('151.101.1.67')",
    "GEO_GET(ip_dst_addr, ['country'])",
    "GEO_GET(ip_dst_addr, ['latitude', 'longitude'])",
]);

pub(super) const ASN_GET: Function = Function::new(
    "ASN_GET",
    "To which autonomous system an address belongs, as far as a database knows: autonomous_system_number, \
     autonomous_system_organization and network.",
    &[
        required("ip", "An IPv4 address; anything but text gives null.").null_gives("null"),
        FIELDS,
    ],
    "the map of all fields, empty for an address that is private or not known; for one field its value, for several a map of \
     them, null when the address is not known",
    lookup,
)
.remote()
.exact()
.gives(Types::MAP.or(Types::TEXT).or(Types::INTEGER).or(Types::NULL))
.examples(&[("ASN_GET(null)", "null"), ("ASN_GET(' ')", "null")])
.usage(&[
    "ASN_GET('151.101.1.67')",
    "ASN_GET(ip_dst_addr, ['autonomous_system_organization'])",
]);

/// Asks for the address only when there is something to ask for.
fn lookup(call: &mut Call) -> Outcome {
    let is_blank = call.get(0).as_str().is_none_or(|ip| ip.trim().is_empty());
    let has_odd_fields = call.len() > 1 && !matches!(call.get(1), Value::List(_));
    if is_blank || has_odd_fields {
        return Ok(Value::Null);
    }
    call.call_remote()
}
