//! Addresses looked up in databases of places and of autonomous systems.

use std::net::Ipv4Addr;

use alidade_enrichment::geo::{AsnDatabase, CityDatabase, GeoError, asn_get, geo_get};
use alidade_enrichment::{Enricher, EnrichmentSettings, SensorEnrichmentConfig};
use alidade_event::{Event, NumberStyle, Value};
use alidade_stellar::{Context, Library, RemoteCalls, RemoteOutcome};
use alidade_testkit::mmdb;
use serde_json::json;

fn city_bytes() -> Vec<u8> {
    let milton = json!({
        "city": {"geoname_id": 5_803_556, "names": {"de": "Milton", "en": "Milton"}},
        "country": {"iso_code": "US"},
        "location": {"latitude": 47.2513, "longitude": -122.3149, "metro_code": 819, "time_zone": "x"},
        "postal": {"code": "98354"},
    });
    let london = json!({
        "city": {"geoname_id": 2_643_743, "names": {"en": "London"}},
        "country": {"iso_code": "GB"},
        "location": {"latitude": 51.5142, "longitude": -0.0931},
    });
    mmdb::database(
        "GeoLite2-City",
        &[
            (Ipv4Addr::new(216, 160, 83, 56), 29, milton),
            (Ipv4Addr::new(81, 2, 69, 192), 28, london),
            (Ipv4Addr::new(9, 9, 9, 0), 24, json!({})),
        ],
    )
}

fn get(arguments: &[Value]) -> String {
    let database = CityDatabase::open(city_bytes()).unwrap();
    geo_get(Some(&database), arguments).unwrap().to_json()
}

fn fields(names: &[&str]) -> Value {
    Value::list(names.iter().map(|name| Value::str(name)).collect())
}

#[test]
fn a_place_has_upstreams_facts_in_upstreams_order() {
    assert_eq!(
        get(&[Value::str("216.160.83.57")]),
        r#"{"locID":"5803556","country":"US","city":"Milton","postalCode":"98354","dmaCode":"819","latitude":"47.2513","longitude":"-122.3149","location_point":"47.2513,-122.3149"}"#
    );
    let london = Value::str("81.2.69.192");
    assert_eq!(
        get(&[london.clone(), fields(&["city", "postalCode"])]),
        r#"{"city":"London","postalCode":""}"#
    );
    assert_eq!(get(&[london, fields(&["country"])]), r#""GB""#);
    assert_eq!(get(&[Value::str("9.9.9.9"), fields(&["country"])]), r#""""#);
    assert_eq!(get(&[Value::str("8.8.8.8")]), "{}");
    assert_eq!(get(&[Value::str("8.8.8.8"), fields(&["country"])]), "null");
    assert_eq!(get(&[Value::str("2001:db8::1")]), "{}");
}

#[test]
fn a_system_has_a_number_and_a_name() {
    let google = json!({
        "autonomous_system_number": 15169,
        "autonomous_system_organization": "Google LLC",
    });
    let bytes = mmdb::database("GeoLite2-ASN", &[(Ipv4Addr::new(8, 8, 4, 0), 24, google)]);
    let database = AsnDatabase::open(bytes).unwrap();
    let answer = asn_get(Some(&database), &[Value::str("8.8.4.0")]).unwrap();
    assert_eq!(
        answer.to_json(),
        r#"{"autonomous_system_number":15169,"autonomous_system_organization":"Google LLC","network":"8.8.4.0"}"#
    );
    assert!(matches!(
        AsnDatabase::open(city_bytes()),
        Err(GeoError::Kind { .. })
    ));
}

#[test]
fn what_is_no_database_is_refused() {
    for bytes in [
        Vec::new(),
        b"not a database".to_vec(),
        city_bytes()[..100].to_vec(),
    ] {
        assert!(matches!(
            CityDatabase::open(bytes),
            Err(GeoError::Format(_))
        ));
    }
    // Damage anywhere gives an error or an answer, nothing worse.
    let sound = city_bytes();
    for at in 0..sound.len() {
        let mut damaged = sound.clone();
        damaged[at] ^= 0xff;
        if let Ok(database) = CityDatabase::open(damaged) {
            for address in ["216.160.83.56", "81.2.69.192", "1.2.3.4"] {
                database.place(address);
            }
        }
    }
}

struct Databases(CityDatabase);

impl RemoteCalls for Databases {
    fn call(&mut self, function: &'static str, arguments: &[Value]) -> RemoteOutcome {
        assert_eq!(function, "GEO_GET");
        match geo_get(Some(&self.0), arguments) {
            Ok(value) => RemoteOutcome::Ready(value),
            Err(why) => RemoteOutcome::Failed(why),
        }
    }
}

#[test]
fn the_adapter_adds_what_is_known() {
    let config: SensorEnrichmentConfig = serde_json::from_value(
        json!({"enrichment": {"fieldMap": {"geo": ["ip_dst_addr", "none"]}}}),
    )
    .unwrap();
    let settings = EnrichmentSettings::default();
    let enricher = Enricher::compile("snort", &config, &settings, &Library::metron()).unwrap();
    let mut event =
        Event::read_json(br#"{"ip_dst_addr":"81.2.69.200"}"#, NumberStyle::Simple).unwrap();
    let mut databases = Databases(CityDatabase::open(city_bytes()).unwrap());
    let mut context = Context::new(&Value::Null, 0, &mut databases);
    let mut errors = Vec::new();
    enricher.enrich(&mut event, &mut context, &mut errors);
    assert_eq!(errors, []);
    let text = |fact: &str| event.get_str(&format!("enrichments.geo.ip_dst_addr.{fact}"));
    assert_eq!(text("city"), Some("London"));
    assert_eq!(text("location_point"), Some("51.5142,-0.0931"));
    assert_eq!(text("dmaCode"), None, "what is unknown is left out");
}
