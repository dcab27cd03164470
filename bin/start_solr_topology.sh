#!/usr/bin/env bash
# Starts the indexing stage that writes to Solr.
exec "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/run-alidade" start_solr_topology "$@"
