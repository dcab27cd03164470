#!/usr/bin/env bash
# Starts the parser stage for the sensors given with -s.
exec "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/run-alidade" start_parser_topology "$@"
