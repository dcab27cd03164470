#!/usr/bin/env bash
# Starts the service that runs models.
exec "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/run-alidade" maas_service "$@"
