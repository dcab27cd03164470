//! Reading files of which we do not know that they are what they should be.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::HadoopError;

/// Reads a whole file, unless it is larger than `limit` bytes.
pub(crate) fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>, HadoopError> {
    let file = File::open(path).map_err(HadoopError::file("open", path))?;
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(HadoopError::file("read", path))?;
    if bytes.len() as u64 > limit {
        return Err(HadoopError::File {
            action: "read",
            path: path.to_owned(),
            reason: format!("it is larger than {limit} bytes, which such a file never is"),
        });
    }
    Ok(bytes)
}
