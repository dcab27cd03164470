//! Squid access log lines of about 142 bytes, always the same ones.

/// Different domains in the lines: few enough for the model's answers to be cached after the first of each.
const DOMAINS: u64 = 500;

/// The line of a number.
pub fn line(number: u64) -> String {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
    let domain = mixed % DOMAINS;
    let host = mixed / DOMAINS % 250;
    format!(
        "15711{:05}.{:03} {:>6} 10.20.{}.{} TCP_MISS/200 {} GET http://www.site{domain:03}.example.com/path/{:05}/page.html - DIRECT/93.184.{}.{} text/html",
        number % 100_000,
        mixed % 1_000,
        mixed % 5_000,
        host,
        mixed % 250,
        mixed % 90_000 + 100,
        mixed % 100_000,
        host,
        mixed % 199 + 1,
    )
}
