#!/bin/sh
# Trains the three bundled sample models anew, from the text beside this file: the same weights, bit for bit, on a machine with the
# same instruction set. On two cores it takes some hours. What was begun goes on where it stopped.
#
#   sh sample_models/training/train.sh FOLDER      the runs go to FOLDER, the finished models to sample_models/
set -eu
runs=${1:?give a folder for the runs}
cd "$(dirname "$0")/../.."
cargo build --release
spanscope=target/release/spanscope

train() {
    run=$runs/$1
    if [ -e "$run/checkpoint.safetensors" ]; then
        $spanscope train --resume "$run"
    else
        $spanscope train --data sample_models/training/tinyshakespeare.txt --preset "$1" -o "$run"
    fi
    $spanscope convert "$run" "sample_models/$2.safetensors" --dtype f16 --force
}

train sample shakespeare_span
train sample_pers shakespeare_all_attention
train sample_fixed shakespeare_fixed
