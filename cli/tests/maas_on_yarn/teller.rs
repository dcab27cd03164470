//! A small model that tells who it is.

use std::path::PathBuf;

use alidade_testkit::http;
use serde::Deserialize;

use crate::installation::Installation;

const SCRIPT: &str = "#!/bin/sh\nexec python3 \"$(dirname \"$0\")/teller.py\"\n";

const PROGRAM: &str = r#"
import http.server, json, os

# The working directory is the container's, which has its name.
ANSWER = json.dumps({"model": "@NAME@", "version": "@VERSION@", "container": os.path.basename(os.getcwd()),
                     "pid": os.getpid(), "setting": os.environ.get("SETTING", "")}).encode()

class Model(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, template, *values):
        pass

class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

server = Server(("0.0.0.0", 0), Model)
with open("endpoint.part", "w") as file:
    json.dump({"url": "http://0.0.0.0:%d" % server.server_address[1]}, file)
os.rename("endpoint.part", "endpoint.dat")
server.serve_forever()
"#;

/// What the model says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Told {
    pub model: String,
    pub version: String,
    /// `container_...`
    pub container: String,
    pub pid: u32,
    /// The variable `SETTING` of its environment.
    pub setting: String,
}

/// Writes the payload of a model and gives its directory.
pub fn write_payload(installation: &Installation, name: &str, version: &str) -> PathBuf {
    let folder = installation
        .user_home()
        .join(format!("payload-{name}-{version}"));
    std::fs::create_dir_all(&folder).unwrap();
    let program = PROGRAM
        .replace("@NAME@", name)
        .replace("@VERSION@", version);
    std::fs::write(folder.join("teller.py"), program).unwrap();
    std::fs::write(folder.join("rest.sh"), SCRIPT).unwrap();
    folder
}

/// Asks the model at an URL who it is.
pub fn ask(url: &str) -> Result<Told, String> {
    let answer = http::get(&format!("{url}/apply")).map_err(|error| error.to_string())?;
    serde_json::from_slice(&answer.body)
        .map_err(|error| format!("{url}: {error} in {}", answer.text()))
}
