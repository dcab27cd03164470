use crate::Availability;
use crate::library::prelude::*;

const NO_TABLES: Availability = Availability::Nowhere("there is no HBase with enrichment tables");

const TABLE: Parameter = required("table", "The table of HBase.").of(Types::TEXT);
const FAMILY: Parameter = required("columnFamily", "The column family.").of(Types::TEXT);

const fn kind(null: &'static str) -> Parameter {
    required("type", "The type of the enrichment, such as `whois`.")
        .of(Types::TEXT)
        .null_gives(null)
}

const fn indicator(null: &'static str) -> Parameter {
    required("indicator", "What is looked up, such as a domain name.")
        .of(Types::TEXT)
        .null_gives(null)
}

pub(super) const ENRICHMENT_GET: Function = Function::declared(
    "ENRICHMENT_GET",
    "What an enrichment table says about an indicator.",
    &[kind("{}"), indicator("{}"), TABLE, FAMILY],
    "the map; empty when there is no such entry",
    NO_TABLES,
)
.exact()
.gives(Types::MAP)
.usage(&["ENRICHMENT_GET('whois', domain, 'enrichment', 't')"]);

pub(super) const ENRICHMENT_EXISTS: Function = Function::declared(
    "ENRICHMENT_EXISTS",
    "Whether an enrichment table has an entry for an indicator.",
    &[kind("false"), indicator("false"), TABLE, FAMILY],
    "true or false",
    NO_TABLES,
)
.exact()
.gives(Types::BOOLEAN)
.usage(&["ENRICHMENT_EXISTS('blacklist', ip_dst_addr, 'threatintel', 't')"]);
