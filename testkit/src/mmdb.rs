//! Databases of addresses in MaxMind's format, version 2.0, made for tests.

use std::net::Ipv4Addr;

use serde_json::{Map, Value, json};

const METADATA_MARK: &[u8] = b"\xab\xcd\xefMaxMind.com";
/// Zeros between the tree and the records.
const SEPARATOR: usize = 16;
/// Two records of 24 bits.
const NODE_BYTES: u8 = 6;

/// A database with these networks, address and length of the prefix, and their records.
pub fn database(kind: &str, networks: &[(Ipv4Addr, u8, Value)]) -> Vec<u8> {
    let mut tree = Tree {
        nodes: vec![[Branch::Empty; 2]],
    };
    let mut records = Vec::new();
    for (address, prefix, record) in networks {
        tree.insert(*address, *prefix, records.len());
        write(record, &mut records);
    }
    let mut bytes = tree.bytes();
    bytes.extend_from_slice(&[0; SEPARATOR]);
    bytes.extend_from_slice(&records);
    bytes.extend_from_slice(METADATA_MARK);
    let described = json!({
        "database_type": kind,
        "description": {"en": "made for tests"},
        "languages": ["en"],
        "node_count": tree.nodes.len(),
    });
    let small = [
        ("binary_format_major_version", 2),
        ("binary_format_minor_version", 0),
        ("ip_version", 4),
        ("record_size", 24),
    ];
    let described = described.as_object().cloned().unwrap_or_default();
    head(MAP, described.len() + small.len() + 1, &mut bytes);
    for (key, value) in &described {
        write_text(key, &mut bytes);
        write(value, &mut bytes);
    }
    // Readers are strict about the widths of these.
    write_text("build_epoch", &mut bytes);
    head(UNSIGNED_64, 8, &mut bytes);
    bytes.extend_from_slice(&1_571_163_620_u64.to_be_bytes());
    for (key, number) in small {
        write_text(key, &mut bytes);
        head(UNSIGNED_16, 2, &mut bytes);
        bytes.extend_from_slice(&u16::to_be_bytes(number));
    }
    bytes
}

#[derive(Clone, Copy)]
enum Branch {
    Empty,
    Node(usize),
    /// Offset of the record.
    Record(usize),
}

struct Tree {
    nodes: Vec<[Branch; 2]>,
}

impl Tree {
    fn insert(&mut self, address: Ipv4Addr, prefix: u8, record: usize) {
        let bits = u32::from(address);
        let mut node = 0;
        for depth in 0..prefix {
            let side = usize::from(bits & (1 << (31 - depth)) != 0);
            if depth + 1 == prefix {
                self.nodes[node][side] = Branch::Record(record);
                return;
            }
            node = match self.nodes[node][side] {
                Branch::Node(next) => next,
                _ => {
                    self.nodes.push([Branch::Empty; 2]);
                    let next = self.nodes.len() - 1;
                    self.nodes[node][side] = Branch::Node(next);
                    next
                }
            };
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.nodes.len() * usize::from(NODE_BYTES));
        for branch in self.nodes.iter().flatten() {
            let number = match branch {
                Branch::Empty => self.nodes.len(),
                Branch::Node(node) => *node,
                Branch::Record(offset) => self.nodes.len() + SEPARATOR + offset,
            };
            let number = u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes();
            bytes.extend_from_slice(&number[1..]);
        }
        bytes
    }
}

/// Kinds of values of the format.
const TEXT: u8 = 2;
const DOUBLE: u8 = 3;
const UNSIGNED_16: u8 = 5;
const UNSIGNED_32: u8 = 6;
const MAP: u8 = 7;
const UNSIGNED_64: u8 = 9;
const ARRAY: u8 = 11;

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(map) => write_map(map, out),
        Value::Array(members) => {
            head(ARRAY, members.len(), out);
            members.iter().for_each(|member| write(member, out));
        }
        Value::String(text) => write_text(text, out),
        Value::Number(number) => match number.as_u64() {
            Some(whole) => {
                let fits = u32::try_from(whole).is_ok();
                let (kind, width) = if fits {
                    (UNSIGNED_32, 4)
                } else {
                    (UNSIGNED_64, 8)
                };
                head(kind, width, out);
                out.extend_from_slice(&whole.to_be_bytes()[8 - width..]);
            }
            None => {
                head(DOUBLE, 8, out);
                out.extend_from_slice(&number.as_f64().unwrap_or_default().to_be_bytes());
            }
        },
        // Nothing of the kind is in these databases.
        Value::Bool(_) | Value::Null => write_map(&Map::new(), out),
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    head(TEXT, text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

fn write_map(map: &Map<String, Value>, out: &mut Vec<u8>) {
    head(MAP, map.len(), out);
    for (key, value) in map {
        write_text(key, out);
        write(value, out);
    }
}

/// The kind and the size of a value; sizes up to 284 are enough here.
fn head(kind: u8, size: usize, out: &mut Vec<u8>) {
    let (kind, extension) = if kind > 7 {
        (0, Some(kind - 7))
    } else {
        (kind, None)
    };
    let (short, long) = match size {
        0..29 => (size, None),
        _ => (29, Some(size - 29)),
    };
    out.push(kind << 5 | short as u8);
    out.extend(extension);
    out.extend(long.map(|long| u8::try_from(long).unwrap_or(u8::MAX)));
}
