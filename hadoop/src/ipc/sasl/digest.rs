//! DIGEST-MD5 (RFC 2831), with which tokens are used.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};

use super::digest_layer::DigestLayer;
use super::{Mechanism, SecurityLayer, choose, directives};
use crate::Token;
use crate::conf::Protection;

/// What we take of a server's message at once. Hadoop sends each answer as one, however long.
const MAX_BUFFER: usize = 65536;

/// Logging in by a token.
pub(super) struct DigestMd5 {
    user: String,
    password: String,
    uri: String,
    wanted: Vec<Protection>,
    client_nonce: String,
    answered: Option<Answered>,
}

/// What has been agreed on when the server's challenge was answered.
struct Answered {
    /// `H(A1)`
    key: [u8; 16],
    expected: String,
    protection: Protection,
    /// The most that the server takes at once.
    max_token_bytes: usize,
}

impl DigestMd5 {
    /// `protocol` and `server_id` are those of the server's offer.
    pub(super) fn new(
        token: &Token,
        protocol: &str,
        server_id: &str,
        wanted: &[Protection],
    ) -> Result<Self, String> {
        let mut random = [0_u8; 24];
        getrandom::fill(&mut random).map_err(|error| format!("no random numbers: {error}"))?;
        Ok(Self {
            user: STANDARD.encode(&token.identifier),
            password: STANDARD.encode(&token.password),
            uri: format!("{protocol}/{server_id}"),
            wanted: wanted.to_vec(),
            client_nonce: STANDARD.encode(random),
            answered: None,
        })
    }

    fn answer(&mut self, challenge: &Challenge) -> Result<String, String> {
        let protection = choose(&self.wanted, &challenge.offered)?;
        let has_cipher = challenge.ciphers.iter().any(|cipher| cipher == "3des");
        if protection == Protection::Privacy && !has_cipher {
            let ciphers = &challenge.ciphers;
            return Err(format!(
                "the server offers the ciphers {ciphers:?}, of which none is 3des"
            ));
        }
        let realm = &challenge.realm;
        let nonce = &challenge.nonce;
        let secret = md5(&[
            self.user.as_bytes(),
            b":",
            realm.as_bytes(),
            b":",
            self.password.as_bytes(),
        ]);
        let key = md5(&[
            &secret,
            b":",
            nonce.as_bytes(),
            b":",
            self.client_nonce.as_bytes(),
        ]);
        let quality = quality_name(protection);
        let response = self.proof(&key, nonce, quality, "AUTHENTICATE");
        let mut answer = format!(
            "charset=utf-8,username={},realm={},nonce={},nc=00000001,cnonce={},digest-uri={},maxbuf={MAX_BUFFER},response={response},qop={quality}",
            directives::quote(&self.user),
            directives::quote(realm),
            directives::quote(nonce),
            directives::quote(&self.client_nonce),
            directives::quote(&self.uri),
        );
        if protection == Protection::Privacy {
            answer.push_str(",cipher=\"3des\"");
        }
        self.answered = Some(Answered {
            expected: self.proof(&key, nonce, quality, ""),
            key,
            protection,
            max_token_bytes: challenge.max_buffer,
        });
        Ok(answer)
    }

    /// The `response` of the client (verb `AUTHENTICATE`) or the `rspauth` of the server (no verb).
    fn proof(&self, key: &[u8; 16], nonce: &str, quality: &str, verb: &str) -> String {
        let tail = match quality {
            "auth" => "",
            _ => ":00000000000000000000000000000000",
        };
        let what = hex(&md5(&[
            verb.as_bytes(),
            b":",
            self.uri.as_bytes(),
            tail.as_bytes(),
        ]));
        let parts = [
            &hex(key),
            nonce,
            "00000001",
            &self.client_nonce,
            quality,
            &what,
        ];
        hex(&md5(&[parts.join(":").as_bytes()]))
    }
}

impl Mechanism for DigestMd5 {
    fn step(&mut self, challenge: Option<&[u8]>) -> Result<Vec<u8>, String> {
        // The server speaks first.
        let Some(challenge) = challenge else {
            return Ok(Vec::new());
        };
        if self.answered.is_some() {
            return Err("the server sends a second challenge".to_owned());
        }
        let challenge = Challenge::read(challenge)?;
        self.answer(&challenge).map(String::into_bytes)
    }

    fn finish(
        self: Box<Self>,
        last: Option<&[u8]>,
    ) -> Result<Option<Box<dyn SecurityLayer>>, String> {
        let Some(answered) = self.answered else {
            return Err("the server lets us in without having asked for the token".to_owned());
        };
        let last = text(last.unwrap_or_default())?;
        let proof = directives::parse(last)?
            .into_iter()
            .find(|(name, _)| name == "rspauth");
        if proof.is_none_or(|(_, value)| value != answered.expected) {
            return Err(
                "the server does not prove that it knows the token: it is another one than meant"
                    .to_owned(),
            );
        }
        if answered.protection == Protection::Authentication {
            return Ok(None);
        }
        let is_private = answered.protection == Protection::Privacy;
        let max_token_bytes = answered.max_token_bytes.min(MAX_BUFFER);
        let layer = DigestLayer::new(&answered.key, is_private, max_token_bytes);
        Ok(Some(Box::new(layer)))
    }
}

/// What the server has sent.
struct Challenge {
    realm: String,
    nonce: String,
    offered: Vec<Protection>,
    ciphers: Vec<String>,
    max_buffer: usize,
}

impl Challenge {
    fn read(bytes: &[u8]) -> Result<Challenge, String> {
        let mut challenge = Challenge {
            realm: String::new(),
            nonce: String::new(),
            offered: vec![Protection::Authentication],
            ciphers: Vec::new(),
            max_buffer: MAX_BUFFER,
        };
        let mut is_known_algorithm = false;
        for (name, value) in directives::parse(text(bytes)?)? {
            match name.as_str() {
                // The first of several realms is as good as another.
                "realm" if challenge.realm.is_empty() => challenge.realm = value,
                "nonce" => challenge.nonce = value,
                "qop" => challenge.offered = qualities(&value),
                "cipher" => {
                    challenge.ciphers = value
                        .split(',')
                        .map(|cipher| cipher.trim().to_owned())
                        .collect();
                }
                "maxbuf" => {
                    challenge.max_buffer = value
                        .parse()
                        .map_err(|_| format!("maxbuf {value:?} is not a number"))?;
                }
                "algorithm" => is_known_algorithm = value == "md5-sess",
                _ => {}
            }
        }
        if challenge.nonce.is_empty() || !is_known_algorithm {
            return Err(
                "the server's challenge has no nonce or not the algorithm md5-sess".to_owned(),
            );
        }
        Ok(challenge)
    }
}

fn qualities(names: &str) -> Vec<Protection> {
    names
        .split(',')
        .filter_map(|name| match name.trim() {
            "auth" => Some(Protection::Authentication),
            "auth-int" => Some(Protection::Integrity),
            "auth-conf" => Some(Protection::Privacy),
            _ => None,
        })
        .collect()
}

fn quality_name(protection: Protection) -> &'static str {
    match protection {
        Protection::Authentication => "auth",
        Protection::Integrity => "auth-int",
        Protection::Privacy => "auth-conf",
    }
}

fn text(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|_| "the server's message is not UTF-8".to_owned())
}

pub(super) fn md5(parts: &[&[u8]]) -> [u8; 16] {
    let mut digest = Md5::new();
    for part in parts {
        digest.update(part);
    }
    digest.finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Credentials;

    const CHALLENGE: &str = r#"realm="default",nonce="KdIFJjTcux2y14k9YO7423dWiD+3HfTCK4K26CFB",qop="auth",charset=utf-8,algorithm=md5-sess"#;

    fn mechanism(wanted: &[Protection]) -> DigestMd5 {
        let file = include_bytes!("../../../tests/data/container_tokens");
        let credentials = Credentials::from_bytes(file).unwrap();
        let token = &credentials.tokens[0].1;
        let mut mechanism = DigestMd5::new(token, "", "default", wanted).unwrap();
        mechanism.client_nonce = "MDEyMzQ1Njc4OWFiY2RlZg==".into();
        mechanism
    }

    fn directive(answer: &[u8], name: &str) -> String {
        let directives = directives::parse(std::str::from_utf8(answer).unwrap()).unwrap();
        let found = directives.into_iter().find(|(other, _)| other == name);
        found.unwrap_or_default().1
    }

    #[test]
    fn a_token_is_proved_as_a_server_has_accepted_it() {
        let mut mechanism = mechanism(&[Protection::Authentication]);
        assert_eq!(mechanism.step(None).unwrap(), b"");
        let answer = mechanism.step(Some(CHALLENGE.as_bytes())).unwrap();
        assert_eq!(
            directive(&answer, "response"),
            "5972e990c189b83aec2b7dde5af04818"
        );
        assert_eq!(directive(&answer, "digest-uri"), "/default");
        assert_eq!(directive(&answer, "qop"), "auth");
        let last: &[u8] = b"rspauth=f05f20ae1ae6f2f32fb0ba3a43357c6c";
        assert!(Box::new(mechanism).finish(Some(last)).unwrap().is_none());
    }

    #[test]
    fn a_server_that_does_not_know_the_token_is_refused() {
        let finish = |challenge: Option<&[u8]>, last: Option<&[u8]>| {
            let mut mechanism = mechanism(&[Protection::Authentication]);
            mechanism.step(challenge).unwrap();
            Box::new(mechanism).finish(last).err().unwrap()
        };
        let challenge = Some(CHALLENGE.as_bytes());
        for last in [
            None,
            Some(&b"rspauth=f05f20ae1ae6f2f32fb0ba3a43357c6d"[..]),
            Some(b"x=1"),
        ] {
            assert!(finish(challenge, last).contains("does not prove"));
        }
        assert!(finish(None, None).contains("without having asked"));
        assert!(finish(challenge, Some(&[0xff])).contains("UTF-8"));
    }

    #[test]
    fn challenges_that_cannot_be_met_are_refused() {
        let refusal = |wanted: &[Protection], challenge: &str| {
            mechanism(wanted)
                .step(Some(challenge.as_bytes()))
                .unwrap_err()
        };
        let auth = [Protection::Authentication];
        assert!(refusal(&auth, "realm=\"a\"").contains("no nonce"));
        assert!(refusal(&auth, "nonce=\"a\",algorithm=md5").contains("md5-sess"));
        assert!(refusal(&auth, "nonce=\"a\",algorithm=md5-sess,maxbuf=x").contains("maxbuf"));
        let protection = refusal(&[Protection::Privacy], CHALLENGE);
        assert!(protection.contains("hadoop.rpc.protection"), "{protection}");
        let cipher = "nonce=\"a\",algorithm=md5-sess,qop=\"auth-conf\",cipher=\"rc4\"";
        assert!(refusal(&[Protection::Privacy], cipher).contains("3des"));
        let mut again = mechanism(&auth);
        again.step(Some(CHALLENGE.as_bytes())).unwrap();
        assert!(again.step(Some(CHALLENGE.as_bytes())).is_err());
    }

    proptest! {
        #[test]
        fn any_challenge_is_answered_or_refused(challenge: Vec<u8>) {
            let _ = mechanism(&[Protection::Authentication]).step(Some(&challenge));
        }
    }
}
