//! Hadoop's own serialisation (`Writable`), as far as tokens need it.

/// What is read from, front to back.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn set_rest(&mut self, rest: &'a [u8]) {
        self.rest = rest;
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let Some((taken, rest)) = self.rest.split_at_checked(length) else {
            let left = self.rest.len();
            return Err(format!(
                "{length} bytes should follow where only {left} are left"
            ));
        };
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, String> {
        Ok(self.take(1)?[0])
    }

    /// One number in Hadoop's form, which is not protobuf's: -112 to 127 in one byte, else a byte that tells sign and
    /// length, and the bytes of the number, the greatest first.
    pub(super) fn vint(&mut self) -> Result<i64, String> {
        let first = self.byte()?.cast_signed();
        let (length, is_negative) = match first {
            -112..=127 => return Ok(i64::from(first)),
            -120..=-113 => (-112 - i16::from(first), false),
            _ => (-120 - i16::from(first), true),
        };
        let mut number = 0_u64;
        for byte in self.take(usize::from(length.unsigned_abs()))? {
            number = number << 8 | u64::from(*byte);
        }
        let number = number.cast_signed();
        Ok(if is_negative { !number } else { number })
    }

    /// A number of things or of bytes.
    pub(super) fn length(&mut self) -> Result<usize, String> {
        let number = self.vint()?;
        usize::try_from(number).map_err(|_| format!("{number} is not a length"))
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], String> {
        let length = self.length()?;
        self.take(length)
    }

    pub(super) fn text(&mut self) -> Result<String, String> {
        let bytes = self.bytes()?;
        let text =
            std::str::from_utf8(bytes).map_err(|error| format!("a text is not UTF-8: {error}"))?;
        Ok(text.to_owned())
    }
}

pub(super) fn write_vint(number: i64, out: &mut Vec<u8>) {
    if (-112..=127).contains(&number) {
        out.extend_from_slice(&number.to_be_bytes()[7..]);
        return;
    }
    let (magnitude, base) = if number < 0 {
        (!number, -120_i8)
    } else {
        (number, -112_i8)
    };
    let bytes = magnitude.to_be_bytes();
    // Never 8: the highest bit of a magnitude is not set, and small numbers are written above.
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let digits = &bytes[zeros.min(7)..];
    let marker = i16::from(base) - i16::try_from(digits.len()).unwrap_or(8);
    out.push(marker.to_be_bytes()[1]);
    out.extend_from_slice(digits);
}

pub(super) fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    write_vint(i64::try_from(bytes.len()).unwrap_or(i64::MAX), out);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(number: i64) -> Vec<u8> {
        let mut out = Vec::new();
        write_vint(number, &mut out);
        out
    }

    #[test]
    fn numbers_as_java_writes_them() {
        let known: [(i64, &[u8]); 8] = [
            (0, &[0x00]),
            (127, &[0x7f]),
            (128, &[0x8f, 0x80]),
            (300, &[0x8e, 0x01, 0x2c]),
            (-1, &[0xff]),
            (-112, &[0x90]),
            (-113, &[0x87, 0x70]),
            (
                i64::MIN,
                &[0x80, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            ),
        ];
        for (number, bytes) in known {
            assert_eq!(written(number), bytes, "{number}");
            assert_eq!(Reader::new(bytes).vint().unwrap(), number);
        }
    }

    #[test]
    fn what_is_cut_off_or_negative_is_refused() {
        assert!(Reader::new(&[0x8e, 0x01]).vint().is_err());
        assert!(Reader::new(&[]).vint().is_err());
        assert_eq!(
            Reader::new(&[0xff]).length().unwrap_err(),
            "-1 is not a length"
        );
        assert!(Reader::new(&[0x03, b'a']).bytes().is_err());
        assert!(Reader::new(&[0x01, 0xff]).text().is_err());
    }

    proptest! {
        #[test]
        fn numbers_read_back(number: i64) {
            let bytes = written(number);
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.vint().unwrap(), number);
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn texts_read_back(text: String) {
            let mut out = Vec::new();
            write_bytes(text.as_bytes(), &mut out);
            prop_assert_eq!(Reader::new(&out).text().unwrap(), text);
        }
    }
}
