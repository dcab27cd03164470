#!/bin/sh
# Starts the mock DGA model. `exec` leaves one process, so that ending the script ends the model.
exec python3 "$(dirname "$0")/dga.py"
