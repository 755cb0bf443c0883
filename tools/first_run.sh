#!/bin/bash
# From a fresh Debian machine with a Swift toolchain to a trained and tested classifier: installs what is missing, builds,
# fetches Fashion-MNIST, trains LeNet-5 for five epochs and tests the checkpoint.
set -e
cd "$(dirname "$0")/.."
tools/install_packages.sh libopenblas-dev libpng-dev libjpeg-dev dataset-fashion-mnist
mkdir -p data
ln -sfn /usr/share/datasets/fashion-mnist data/fashion_mnist
swift build -c release --product cls-train
swift build -c release --product cls-test
run=.build/release
$run/cls-train configs/cls/lenet/lenet5_fashion_mnist.py --seed 0 "$@"
$run/cls-test configs/cls/lenet/lenet5_fashion_mnist.py work_dirs/lenet5_fashion_mnist/latest.pth \
  --metrics accuracy --metric-options topk=1,
