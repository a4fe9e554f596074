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

# What of a run is not done yet; the options after the first two are for going on.
run() {
    if [ -e "$runs/$1/checkpoint.safetensors" ]; then
        $spanscope train --resume "$runs/$1" --threads 1 ${2:-}
    else
        $spanscope train --data sample_models/training/tinyshakespeare.txt --preset "$1" -o "$runs/$1" --threads 1
    fi
}
keep() {
    $spanscope convert "$runs/$1" "sample_models/$2.safetensors" --dtype f16 --force
}

# 3,000 steps each; then 1,400 more in which a token of span costs 25 times as much, so that heads keep what pays.
for preset in sample sample_pers sample_fixed; do
    run $preset
done
for preset in sample sample_pers; do
    run $preset "--adapt-span-loss 5e-5 --niter 44"
done
keep sample shakespeare_span
keep sample_pers shakespeare_all_attention
keep sample_fixed shakespeare_fixed
