#!/usr/bin/env bash
# Starts the enrichment and triage stage.
exec "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/run-alidade" start_enrichment_topology "$@"
