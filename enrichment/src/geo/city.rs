use alidade_event::{Map, Value, write_double};
use maxminddb::Reader;
use serde::Deserialize;

use super::{GeoError, Whole, open, record};

/// A database of places, such as GeoLite2-City.
pub struct CityDatabase {
    reader: Reader<Vec<u8>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Place<'r> {
    #[serde(borrow)]
    city: City<'r>,
    #[serde(borrow)]
    country: Country<'r>,
    location: Location,
    #[serde(borrow)]
    postal: Postal<'r>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct City<'r> {
    geoname_id: Option<Whole>,
    #[serde(borrow)]
    names: Names<'r>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Names<'r> {
    en: Option<&'r str>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Country<'r> {
    iso_code: Option<&'r str>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Location {
    latitude: Option<f64>,
    longitude: Option<f64>,
    metro_code: Option<Whole>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Postal<'r> {
    code: Option<&'r str>,
}

impl CityDatabase {
    /// Takes the bytes of an `.mmdb` file.
    ///
    /// # Errors
    /// When they are no database of places.
    pub fn open(bytes: Vec<u8>) -> Result<CityDatabase, GeoError> {
        let reader = open(bytes, &["City", "Enterprise"], "GeoLite2-City, GeoIP2-City")?;
        Ok(CityDatabase { reader })
    }

    /// Upstream's facts about an address: all of them text, empty where nothing is known.
    pub fn place(&self, address: &str) -> Option<Map> {
        let place: Place<'_> = record(&self.reader, address)?;
        let number = |number: Option<Whole>| number.map(|n| n.0.to_string()).unwrap_or_default();
        let latitude = degrees(place.location.latitude);
        let longitude = degrees(place.location.longitude);
        let point = match (latitude.is_empty(), longitude.is_empty()) {
            (false, false) => format!("{latitude},{longitude}"),
            _ => String::new(),
        };
        let facts = [
            ("locID", number(place.city.geoname_id)),
            (
                "country",
                place.country.iso_code.unwrap_or_default().to_owned(),
            ),
            ("city", place.city.names.en.unwrap_or_default().to_owned()),
            (
                "postalCode",
                place.postal.code.unwrap_or_default().to_owned(),
            ),
            ("dmaCode", number(place.location.metro_code)),
            ("latitude", latitude),
            ("longitude", longitude),
            ("location_point", point),
        ];
        let facts = facts.into_iter();
        Some(
            facts
                .map(|(name, text)| (Value::str(name), Value::str(&text)))
                .collect(),
        )
    }
}

/// As Java writes the number.
fn degrees(degrees: Option<f64>) -> String {
    let Some(degrees) = degrees else {
        return String::new();
    };
    let mut text = Vec::new();
    write_double(degrees, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}
