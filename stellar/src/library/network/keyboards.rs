//! Keys and their neighbours.

/// One layout: each key with those around it.
pub(super) type Layout = &'static [(char, &'static str)];

/// Keys that have the same neighbours on all three layouts.
const COMMON: Layout = &[
    ('3', "4ew2"),
    ('4', "5re3"),
    ('5', "6tr4"),
    ('8', "9iu7"),
    ('9', "0oi8"),
    ('0', "po9"),
    ('r', "5tfde4"),
    ('i', "9okju8"),
    ('o', "0plki9"),
    ('d', "rfcxse"),
    ('f', "tgvcdr"),
    ('c', "xdfv"),
    ('v', "cfgb"),
    ('b', "vghn"),
];

const QWERTY: Layout = &[
    ('1', "2q"),
    ('2', "3wq1"),
    ('6', "7yt5"),
    ('7', "8uy6"),
    ('q', "12wa"),
    ('w', "3esaq2"),
    ('e', "4rdsw3"),
    ('t', "6ygfr5"),
    ('y', "7uhgt6"),
    ('u', "8ijhy7"),
    ('p', "lo0"),
    ('a', "qwsz"),
    ('s', "edxzaw"),
    ('g', "yhbvft"),
    ('h', "ujnbgy"),
    ('j', "ikmnhu"),
    ('k', "olmji"),
    ('l', "kop"),
    ('z', "asx"),
    ('x', "zsdc"),
    ('n', "bhjm"),
    ('m', "njk"),
];

const QWERTZ: Layout = &[
    ('1', "2q"),
    ('2', "3wq1"),
    ('6', "7zt5"),
    ('7', "8uz6"),
    ('q', "12wa"),
    ('w', "3esaq2"),
    ('e', "4rdsw3"),
    ('t', "6zgfr5"),
    ('z', "7uhgt6"),
    ('u', "8ijhz7"),
    ('p', "lo0"),
    ('a', "qwsy"),
    ('s', "edxyaw"),
    ('g', "zhbvft"),
    ('h', "ujnbgz"),
    ('j', "ikmnhu"),
    ('k', "olmji"),
    ('l', "kop"),
    ('y', "asx"),
    ('x', "ysdc"),
    ('n', "bhjm"),
    ('m', "njk"),
];

const AZERTY: Layout = &[
    ('1', "2a"),
    ('2', "3za1"),
    ('3', "4ez2"),
    ('6', "7yt5"),
    ('7', "8uy6"),
    ('a', "2zq1"),
    ('z', "3esqa2"),
    ('e', "4rdsz3"),
    ('t', "6ygfr5"),
    ('y', "7uhgt6"),
    ('u', "8ijhy7"),
    ('p', "lo0m"),
    ('q', "zswa"),
    ('s', "edxwqz"),
    ('g', "yhbvft"),
    ('h', "ujnbgy"),
    ('j', "iknhu"),
    ('k', "olji"),
    ('l', "kopm"),
    ('m', "lp"),
    ('w', "sxq"),
    ('x', "wsdc"),
    ('n', "bhj"),
];

/// The keys around one, on any of the layouts.
pub(super) fn neighbours(key: char) -> impl Iterator<Item = char> {
    [COMMON, QWERTY, QWERTZ, AZERTY]
        .into_iter()
        .flatten()
        .filter(move |(candidate, _)| *candidate == key)
        .flat_map(|(_, around)| around.chars())
}
