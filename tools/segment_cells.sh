#!/bin/bash
# From a fresh Debian machine with a Swift toolchain to a trained and tested segmentor: installs what is missing, builds, fetches
# HeLa cells under the microscope, trains a small U-Net and tests it; pictures with the cells painted red go to
# work_dirs/fcn_unet_s4_256x256_400_hela/shown.
set -e
cd "$(dirname "$0")/.."
tools/install_packages.sh libopenblas-dev libpng-dev libjpeg-dev python3 python3-pip
[ -d data/hela ] || python3 tools/prepare_hela.py data/hela
swift build -c release --product seg-train
swift build -c release --product seg-test
config=configs/seg/unet/fcn_unet_s4_256x256_400_hela.py
work=work_dirs/fcn_unet_s4_256x256_400_hela
.build/release/seg-train $config --seed 0 "$@"
.build/release/seg-test $config $work/latest.pth --eval mIoU mDice --show-dir $work/shown
