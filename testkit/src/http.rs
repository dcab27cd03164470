//! A small blocking HTTP/1.1 client for loopback servers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::ClientError;

const TIMEOUT: Duration = Duration::from_secs(60);

/// Longest answer that is read: no server of a test has more to say.
const MAX_BODY: u64 = 64 << 20;

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    /// Names in lower case, in the order received.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as text, with anything that is not UTF-8 replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// `GET`, following no redirects.
pub fn get(url: &str) -> Result<Response, ClientError> {
    request("GET", url, None, &[])
}

/// Any method with a body; `content_type` is left out when `None`.
pub fn request(
    method: &str,
    url: &str,
    content_type: Option<&str>,
    body: &[u8],
) -> Result<Response, ClientError> {
    let failed = |detail: String| ClientError::Http {
        method: method.to_owned(),
        url: url.to_owned(),
        detail,
    };
    let (authority, path) = split_url(url).ok_or_else(|| failed("not an http:// URL".into()))?;
    exchange(method, authority, path, content_type, body).map_err(|error| failed(error.to_string()))
}

fn split_url(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("http://")?;
    let path_start = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(path_start);
    Some((authority, if path.is_empty() { "/" } else { path }))
}

fn exchange(
    method: &str,
    authority: &str,
    path: &str,
    content_type: Option<&str>,
    body: &[u8],
) -> std::io::Result<Response> {
    let address = authority
        .to_socket_addrs()?
        .next()
        .ok_or_else(|| invalid("the host has no address"))?;
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let content_type = content_type.map_or(String::new(), |it| format!("Content-Type: {it}\r\n"));
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\
         {content_type}Content-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;

    let mut reader = BufReader::new(stream.take(MAX_BODY));
    let mut response = read_head(&mut reader)?;
    // Interim answers such as `100 Continue` come unasked from some servers.
    while (100..200).contains(&response.status) {
        response = read_head(&mut reader)?;
    }
    if method == "HEAD" || matches!(response.status, 204 | 304) {
        return Ok(response);
    }
    let is_chunked = response
        .header("transfer-encoding")
        .is_some_and(|it| it.contains("chunked"));
    let length = response
        .header("content-length")
        .and_then(|it| it.parse::<u64>().ok());
    match length {
        _ if is_chunked => response.body = read_chunks(&mut reader)?,
        Some(length) => {
            reader
                .by_ref()
                .take(length)
                .read_to_end(&mut response.body)?;
            if response.body.len() as u64 != length {
                return Err(invalid("the answer is cut short"));
            }
        }
        None => {
            reader.read_to_end(&mut response.body)?;
        }
    }
    Ok(response)
}

fn invalid(what: &str) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, what)
}

/// Status line and headers.
fn read_head(reader: &mut impl BufRead) -> std::io::Result<Response> {
    let status_line = read_line(reader)?;
    let status = status_line
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .ok_or_else(|| invalid("the answer has no status"))?;
    let mut headers = Vec::new();
    loop {
        let line = read_line(reader)?;
        if line.is_empty() {
            return Ok(Response {
                status,
                headers,
                body: Vec::new(),
            });
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
}

fn read_chunks(reader: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(reader)?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(digits, 16)
            .map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, error))?;
        if size == 0 {
            return Ok(body);
        }
        reader.by_ref().take(size).read_to_end(&mut body)?;
        read_line(reader)?;
    }
}

/// A line without its end; the end of the stream is an error.
fn read_line(reader: &mut impl BufRead) -> std::io::Result<String> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof));
    }
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// Answers one request with the given bytes and returns what was asked.
    fn answer_once(answer: &'static str) -> (String, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/path?x=1", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut asked = read_line(&mut reader).unwrap();
            while !read_line(&mut reader).unwrap().is_empty() {}
            let mut body = [0; 4];
            if asked.starts_with("POST") {
                reader.read_exact(&mut body).unwrap();
                asked.push_str(std::str::from_utf8(&body).unwrap());
            }
            stream.write_all(answer.as_bytes()).unwrap();
            asked
        });
        (url, server)
    }

    #[test]
    fn reads_a_body_of_given_length() {
        let (url, server) = answer_once("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno");
        let response = request("POST", &url, Some("text/plain"), b"body").unwrap();
        assert_eq!((response.status, response.text().as_str()), (404, "no"));
        assert!(!response.is_success());
        assert_eq!(server.join().unwrap(), "POST /path?x=1 HTTP/1.1body");
    }

    #[test]
    fn reads_chunks() {
        let (url, _server) = answer_once(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{\"a\":[1\r\n2;x=y\r\n]}\r\n0\r\n\r\n",
        );
        assert_eq!(get(&url).unwrap().json(), serde_json::json!({"a": [1]}));
    }

    #[test]
    fn passes_over_interim_answers() {
        let (url, _server) = answer_once(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
        );
        assert_eq!(get(&url).unwrap().status, 201);
    }

    #[test]
    fn reads_to_the_end_of_the_connection() {
        let (url, _server) = answer_once("HTTP/1.0 200 OK\r\n\r\nall of it");
        assert_eq!(get(&url).unwrap().text(), "all of it");
    }

    #[test]
    fn a_short_answer_is_an_error() {
        let (url, _server) = answer_once("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nshort");
        assert!(get(&url).unwrap_err().to_string().contains("cut short"));
    }

    #[test]
    fn names_the_url_that_cannot_be_asked() {
        let error = get("https://127.0.0.1/").unwrap_err().to_string();
        assert_eq!(error, "http GET https://127.0.0.1/: not an http:// URL");
    }
}
