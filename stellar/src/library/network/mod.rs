//! Functions on addresses, names and URLs.

mod domain_name;
mod domain_remove_subdomains;
mod domain_remove_tld;
mod domain_to_tld;
mod domain_typosquat;
mod homoglyphs;
mod in_subnet;
mod is_domain;
mod is_email;
mod is_ip;
mod is_url;
mod java_url;
mod keyboards;
mod protocol_names;
mod protocol_to_name;
mod punycode;
mod url_parts;

pub use protocol_names::protocol_name;

use super::function::Function;

pub(super) const FUNCTIONS: &[Function] = &[
    domain_remove_subdomains::DOMAIN_REMOVE_SUBDOMAINS,
    domain_remove_tld::DOMAIN_REMOVE_TLD,
    domain_to_tld::DOMAIN_TO_TLD,
    domain_typosquat::DOMAIN_TYPOSQUAT,
    in_subnet::IN_SUBNET,
    is_domain::IS_DOMAIN,
    is_email::IS_EMAIL,
    is_ip::IS_IP,
    is_url::IS_URL,
    protocol_to_name::PROTOCOL_TO_NAME,
    url_parts::URL_TO_HOST,
    url_parts::URL_TO_PATH,
    url_parts::URL_TO_PORT,
    url_parts::URL_TO_PROTOCOL,
];
