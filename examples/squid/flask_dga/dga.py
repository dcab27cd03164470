#!/usr/bin/env python3
"""The mock model of ../mock_dga as a Flask application that takes whole batches too. Needs Flask on the node that runs it.

GET /apply?host=<domain> answers {"is_malicious": "legit"} or "malicious"; POST /apply_all takes a JSON array of
{"host": <domain>} and answers an array of the same length.
"""

import json
import os

from flask import Flask, jsonify, request
from werkzeug.serving import make_server

LEGIT_DOMAINS = {"yahoo.com", "amazon.com"}

app = Flask(__name__)


def verdict(host):
    return {"is_malicious": "legit" if host in LEGIT_DOMAINS else "malicious"}


@app.get("/apply")
def apply():
    return jsonify(verdict(request.args.get("host", "")))


@app.post("/apply_all")
def apply_all():
    return jsonify([verdict(question.get("host", "")) for question in request.get_json()])


def write_endpoint_file(port):
    """Says where the model answers. The file appears whole, and only once the port is bound."""
    endpoint = {
        "url": "http://0.0.0.0:%d" % port,
        "functions": {"apply": "apply", "apply:batch": "apply_all"},
    }
    partial = "endpoint.dat.%d" % os.getpid()
    with open(partial, "w") as file:
        json.dump(endpoint, file)
    os.rename(partial, "endpoint.dat")


if __name__ == "__main__":
    # Port 0: the system picks a free one. werkzeug's server answers each request on a thread of its own.
    server = make_server("0.0.0.0", 0, app, threaded=True)
    write_endpoint_file(server.server_port)
    server.serve_forever()
