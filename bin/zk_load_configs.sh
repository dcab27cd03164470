#!/usr/bin/env bash
# Moves configuration between a folder and ZooKeeper: PUSH, PULL, DUMP, PATCH.
exec "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/run-alidade" zk_load_configs "$@"
