#!/usr/bin/env bash
# Starts the indexing stage that writes to HDFS or to a folder.
exec "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/run-alidade" start_hdfs_topology "$@"
