#!/bin/bash -eu
"$SRC/ptefuzz/fuzz/oss-fuzz-build.sh"
