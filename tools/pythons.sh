#!/bin/sh
# Print every usable Python 3.11 or later on this machine, one per minor version: "MINOR PATH", oldest first.
{
    for name in python3 python3.11 python3.12 python3.13 python3.14 python; do
        command -v "$name"
    done
    root=${PYENV_ROOT:-$HOME/.pyenv}
    ls -d "$root"/versions/3.*/bin/python3
} 2>/dev/null | while read -r path; do
    # A pyenv shim of a version that is not selected is found, but does not run.
    "$path" -c 'import ensurepip, sys, venv
v = sys.version_info
if v >= (3, 11) and v.releaselevel == "final" and sys.implementation.name == "cpython":
    print(v.minor, sys.executable)' 2>/dev/null </dev/null
done | sort -n -s -k1,1 -u
