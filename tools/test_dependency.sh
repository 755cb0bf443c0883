#!/bin/bash
# Builds and runs a package that depends on a tagged version of this one, as a user's package does.
#   test_dependency.sh [FOLDER]    FOLDER keeps the build between runs (by default .build-dependency)
# The version is the last commit; changes that are not committed do not count.
set -e
repository=$(cd "$(dirname "$0")/.." && pwd)
kept=${1:-$repository/.build-dependency}
mkdir -p "$kept"
kept=$(cd "$kept" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A copy of the repository at a fixed place, tagged, so that what was built of it can be built on.
source=$kept/MMSwift
commit=$(git -C "$repository" rev-parse HEAD)
if [ ! -d "$source" ]; then
  git init -q --bare "$source"
fi
git -C "$source" fetch -q --force "$repository" "$commit:refs/heads/main"
git -C "$source" symbolic-ref HEAD refs/heads/main
git -C "$source" tag -f 0.1.0 "$commit" >/dev/null

package=$kept/package
mkdir -p "$package/Sources/TwoLayers"
rm -f "$package/Package.resolved"
sed "s|REPOSITORY|file://$source|" "$repository/Tests/Fixtures/tools/dependency/Package.swift.in" >"$work/Package.swift"
# Files that did not change keep their times, and what was built of them stays.
cmp -s "$work/Package.swift" "$package/Package.swift" || cp "$work/Package.swift" "$package/Package.swift"
cmp -s "$repository/Tests/Fixtures/tools/dependency/main.swift.in" "$package/Sources/TwoLayers/main.swift" ||
  cp "$repository/Tests/Fixtures/tools/dependency/main.swift.in" "$package/Sources/TwoLayers/main.swift"

# The tag moves with every commit; fingerprints of other days are of no use here.
swift build --package-path "$package" --scratch-path "$kept/build" --security-path "$work/security"
"$kept/build/debug/TwoLayers"
