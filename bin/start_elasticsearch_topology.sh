#!/usr/bin/env bash
# Starts the indexing stage that writes to Elasticsearch or OpenSearch.
exec "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/run-alidade" start_elasticsearch_topology "$@"
