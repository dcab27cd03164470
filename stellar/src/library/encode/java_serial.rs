use crate::library::prelude::*;

/// What Java writes before an object of a class: stream header, class name, version of the class, its one field.
struct Class {
    name: &'static str,
    version: u64,
    field: u8,
    is_number: bool,
}

/// A number or a boolean in Java's serialization, which is what upstream hashes of them. Nothing for other values.
pub(super) fn serialized(value: &Value) -> Option<Vec<u8>> {
    let class = |name, version, field| Class {
        name,
        version,
        field,
        is_number: field != b'Z',
    };
    Some(match value {
        Value::Bool(truth) => {
            class("java.lang.Boolean", 0xcd20_7280_d59c_faee, b'Z').object(&[u8::from(*truth)])
        }
        Value::Int(number) => {
            class("java.lang.Integer", 0x12e2_a0a4_f781_8738, b'I').object(&number.to_be_bytes())
        }
        Value::Long(number) => {
            class("java.lang.Long", 0x3b8b_e490_cc8f_23df, b'J').object(&number.to_be_bytes())
        }
        Value::Float(number) => class("java.lang.Float", 0xdaed_c9a2_db3c_f0ec, b'F')
            .object(&number.to_bits().to_be_bytes()),
        Value::Double(number) => class("java.lang.Double", 0x80b3_c24a_296b_fb04, b'D')
            .object(&number.to_bits().to_be_bytes()),
        _ => return None,
    })
}

impl Class {
    fn object(&self, field: &[u8]) -> Vec<u8> {
        // Magic number and version of the stream, an object follows.
        let mut bytes = vec![0xac, 0xed, 0, 5, b's'];
        describe(self.name, self.version, &mut bytes);
        bytes.extend([0, 1, self.field, 0, 5]);
        bytes.extend(b"value");
        // No annotations; then the class above, if it is there, in the same way.
        bytes.push(b'x');
        if self.is_number {
            describe("java.lang.Number", 0x86ac_951d_0b94_e08b, &mut bytes);
            bytes.extend([0, 0, b'x']);
        }
        bytes.push(b'p');
        bytes.extend(field);
        bytes
    }
}

/// A class up to the number of its fields.
fn describe(name: &str, version: u64, bytes: &mut Vec<u8>) {
    bytes.extend([b'r', 0, name.len() as u8]);
    bytes.extend(name.as_bytes());
    bytes.extend(version.to_be_bytes());
    // It can be serialized.
    bytes.push(2);
}

#[cfg(test)]
mod tests {
    use super::super::codec::hex;
    use super::*;

    #[test]
    fn whole_numbers_are_as_java_writes_them() {
        assert_eq!(
            hex(&serialized(&Value::Int(5)).unwrap()),
            "aced0005737200116a6176612e6c616e672e496e746567657212e2a0a4f781873802000149000576616c7565787200106a6176612e6c616e67\
             2e4e756d62657286ac951d0b94e08b020000787000000005"
        );
        assert_eq!(
            hex(&serialized(&Value::Bool(true)).unwrap()),
            "aced0005737200116a6176612e6c616e672e426f6f6c65616ecd207280d59cfaee0200015a000576616c7565787001"
        );
        assert_eq!(serialized(&Value::str("5")), None);
    }
}
