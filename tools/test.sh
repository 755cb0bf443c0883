#!/bin/bash
# Installs what is missing and runs all tests.
set -e
cd "$(dirname "$0")/.."
tools/install_packages.sh libopenblas-dev libpng-dev libjpeg-dev python3
python3 tools/check_layers.py
swift build --build-tests
swift test --skip-build
tools/test_dependency.sh
