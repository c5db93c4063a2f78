#!/usr/bin/env bash
# Builds every fuzz target as OSS-Fuzz and ClusterFuzzLite want it, and puts into $OUT for each:
#
#   TARGET                      the binary
#   TARGET_seed_corpus.zip      its committed seeds, flat, without their comments
#   TARGET.dict, TARGET.options
#
# In come their variables; without them it builds for this machine, with AddressSanitizer and libFuzzer:
#
#   OUT=$PWD/out fuzz/oss-fuzz-build.sh
#
#   OUT              where to (needed)
#   WORK             where the build's own files go          [fuzz/target/oss-fuzz]
#   SANITIZER        address, coverage or none               [address]
#   FUZZING_ENGINE   libfuzzer                               [libfuzzer]
#   ARCHITECTURE     x86_64 or aarch64                       [this machine's]
#   RUSTFLAGS        as their `compile` sets it; without it, what it would set
#
# There debug assertions are off, as in any release build: no target depends on them.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

refuse() {
    echo "oss-fuzz-build: $*" >&2
    exit 2
}

[ -n "${OUT:-}" ] || refuse "OUT: found nothing, expected the directory that the targets go to"
sanitizer=${SANITIZER:-address}
[ "${FUZZING_ENGINE:-libfuzzer}" = libfuzzer ] || refuse "FUZZING_ENGINE: found $FUZZING_ENGINE, expected libfuzzer"
case ${ARCHITECTURE:-$(uname -m)} in
x86_64) triple=x86_64-unknown-linux-gnu ;;
aarch64) triple=aarch64-unknown-linux-gnu ;;
*) refuse "ARCHITECTURE: found $ARCHITECTURE, expected x86_64 or aarch64" ;;
esac
case $sanitizer in
address) flags=-Zsanitizer=address ;;
coverage) flags=-Cinstrument-coverage ;;
none) flags= ;;
*) refuse "SANITIZER: found $sanitizer, expected address, coverage or none" ;;
esac
mkdir -p "$OUT"
OUT=$(cd "$OUT" && pwd)
target_dir=${WORK:+$WORK/target}
target_dir=${target_dir:-$root/fuzz/target/oss-fuzz}

# Their images have a nightly as the only toolchain; elsewhere it is asked for by name where the flags need it.
cargo=(cargo)
if [ -n "$flags" ] && ! rustc --version | grep -q nightly; then
    if rustup run nightly rustc --version >/dev/null 2>&1; then
        cargo=(cargo +nightly)
    elif [ "$sanitizer" = address ]; then
        refuse "rustc: found $(rustc --version), expected a nightly, which alone has AddressSanitizer"
    fi
fi
export RUSTFLAGS=${RUSTFLAGS:---cfg fuzzing $flags -Cdebuginfo=1 -Cforce-frame-pointers}

if [ "$sanitizer" = coverage ]; then
    # Paths in the profile must be those of the source that the report shows.
    RUSTFLAGS+=" -Cdebug-assertions=no --remap-path-prefix fuzz_targets=$root/fuzz/fuzz_targets --remap-path-prefix src=$root/src"
    profile=debug
    options=()
else
    # libFuzzer's counters, comparisons and table of program counters: what cargo-fuzz passes.
    RUSTFLAGS+=" -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
    RUSTFLAGS+=" -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1"
    profile=release
    options=(--release)
fi

# A target triple of its own keeps the flags away from build scripts and procedural macros.
(cd "$root/fuzz" && "${cargo[@]}" build --locked --bins "${options[@]}" --target "$triple" --target-dir "$target_dir")

seeds=$(mktemp -d)
trap 'rm -rf "$seeds"' EXIT
for source in "$root"/fuzz/fuzz_targets/*.rs; do
    name=$(basename "$source" .rs)
    cp "$target_dir/$triple/$profile/$name" "$OUT/$name"
    cp "$root/dictionaries/$name.dict" "$root/fuzz/options/$name.options" "$OUT/"
    rm -rf "${seeds:?}/$name" "$OUT/${name}_seed_corpus.zip"
    mkdir "$seeds/$name"
    for seed in "$root/corpus/$name"/*; do
        # Comments are for people; without them a text fits the length that suits the target.
        case $seed in
        *.pte) sed -e 's/ *#.*$//' -e '/^ *$/d' "$seed" >"$seeds/$name/$(basename "$seed")" ;;
        *) cp "$seed" "$seeds/$name/" ;;
        esac
    done
    (cd "$seeds/$name" && zip -q -X -j "$OUT/${name}_seed_corpus.zip" ./*)
done
echo "oss-fuzz-build: $(find "$root/fuzz/fuzz_targets" -name '*.rs' | wc -l) targets in $OUT ($sanitizer, $triple)"
