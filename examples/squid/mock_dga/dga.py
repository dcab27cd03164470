#!/usr/bin/env python3
"""A mock model that tells generated domains from legitimate ones.

GET /apply?host=<domain> answers {"is_malicious": "legit"} for yahoo.com and amazon.com, and {"is_malicious": "malicious"}
for everything else. Needs Python's standard library only.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

LEGIT_DOMAINS = {"yahoo.com", "amazon.com"}


class Model(BaseHTTPRequestHandler):
    # Keeps connections open between requests.
    protocol_version = "HTTP/1.1"
    # Without this, each small answer waits for the client's delayed acknowledgement.
    disable_nagle_algorithm = True
    # A client that goes quiet does not hold its thread for ever.
    timeout = 300

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path != "/apply":
            self.answer(404, {"error": "ask GET /apply?host=<domain>"})
            return
        hosts = parse_qs(url.query).get("host", [""])
        verdict = "legit" if hosts[0] in LEGIT_DOMAINS else "malicious"
        self.answer(200, {"is_malicious": verdict})

    def answer(self, status, content):
        body = json.dumps(content).encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, template, *values):
        sys.stderr.write("%s %s\n" % (self.address_string(), template % values))


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def write_endpoint_file(port):
    """Says where the model answers. The file appears whole, and only once the port is bound."""
    partial = "endpoint.dat.%d" % os.getpid()
    with open(partial, "w") as file:
        json.dump({"url": "http://0.0.0.0:%d" % port}, file)
    os.rename(partial, "endpoint.dat")


def main():
    # Port 0: the system picks a free one, which stays bound from here on.
    server = Server(("0.0.0.0", 0), Model)
    write_endpoint_file(server.server_address[1])
    server.serve_forever()


if __name__ == "__main__":
    main()
