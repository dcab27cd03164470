#!/usr/bin/env bash
# Deploys, lists and removes models.
exec "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/run-alidade" maas_deploy "$@"
