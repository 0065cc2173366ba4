#!/bin/sh
# Runs a hook with the machine's Python: python.sh NAME runs NAME.py of this folder.
cd "$(dirname "$0")/../.." || exit 1
for python in python3 python; do
  if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 9))' >/dev/null 2>&1; then
    exec "$python" -m "infra.hooks.$1"
  fi
done
echo 'error: Python 3.9 or later is needed on this machine: install it from https://www.python.org/downloads/' >&2
exit 1
