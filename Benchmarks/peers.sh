#!/bin/bash
# Installs the peers (PyTorch, ONNX Runtime) into a virtual environment: peers.sh FOLDER
set -e
python3 -m venv "$1"
"$1/bin/pip" install --quiet torch torchvision onnx onnxruntime numpy
