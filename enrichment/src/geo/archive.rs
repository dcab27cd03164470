use std::io::{Cursor, Read};

use flate2::read::GzDecoder;

use super::GeoError;

/// Largest database that is taken, in bytes. MaxMind's largest has a quarter of it.
const MAX_BYTES: usize = 512 << 20;

/// The database inside a file, by the file's name: `.mmdb` as it is, `.mmdb.gz` unpacked, of a `.tar.gz` the first file
/// that ends in `.mmdb`.
///
/// # Errors
/// When the name has another ending, the file cannot be unpacked, or what is inside is too large.
pub fn unpack(name: &str, bytes: Vec<u8>) -> Result<Vec<u8>, GeoError> {
    if name.ends_with(".mmdb") {
        return Ok(bytes);
    }
    let unpacked = GzDecoder::new(Cursor::new(bytes));
    if name.ends_with(".mmdb.gz") {
        return read_all(unpacked);
    }
    if !name.ends_with(".tar.gz") && !name.ends_with(".tgz") {
        return Err(GeoError::Name);
    }
    // The bound is on everything that is unpacked, so that what stands before the database counts too.
    let mut archive = tar::Archive::new(unpacked.take(MAX_BYTES as u64));
    for entry in archive.entries()? {
        let entry = entry?;
        let is_database = entry
            .path()?
            .extension()
            .is_some_and(|ending| ending == "mmdb");
        if is_database {
            return read_all(entry);
        }
    }
    Err(GeoError::NoDatabaseInside)
}

fn read_all(source: impl Read) -> Result<Vec<u8>, GeoError> {
    let mut bytes = Vec::new();
    source.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MAX_BYTES {
        return Err(GeoError::TooLarge(MAX_BYTES));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            builder.append_data(&mut header, name, *content).unwrap();
        }
        packed(&builder.into_inner().unwrap())
    }

    #[test]
    fn each_kind_of_file_gives_its_database() {
        assert_eq!(unpack("a/b.mmdb", b"x".to_vec()).unwrap(), b"x");
        assert_eq!(unpack("b.mmdb.gz", packed(b"x")).unwrap(), b"x");
        let archive = tar_of(&[("d/LICENSE.txt", b"no"), ("d/City.mmdb", b"x")]);
        assert_eq!(unpack("b.tar.gz", archive).unwrap(), b"x");
    }

    #[test]
    fn other_files_are_refused() {
        assert!(matches!(unpack("b.zip", Vec::new()), Err(GeoError::Name)));
        assert!(matches!(
            unpack("b.mmdb.gz", b"no".to_vec()),
            Err(GeoError::Archive(_))
        ));
        let archive = tar_of(&[("readme", b"no")]);
        assert!(matches!(
            unpack("b.tar.gz", archive),
            Err(GeoError::NoDatabaseInside)
        ));
        assert!(matches!(
            unpack("b.tar.gz", packed(b"no tar")),
            Err(GeoError::Archive(_))
        ));
    }
}
