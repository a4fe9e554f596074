#!/bin/sh
# Trains the bundled sample models anew, from the text beside this file: the same weights, bit for bit, on a machine with the same
# instruction set. The three stages of a model are 3,400 steps, 12 to 13 minutes on one core for the two of adaptive span, about twice
# that for the one of fixed span. What was begun goes on where it stopped.
#
#   sh sample_models/training/train.sh FOLDER [PRESET…]      the runs go to FOLDER, the finished models to sample_models/
set -eu
runs=${1:?give a folder for the runs}
shift
[ $# -gt 0 ] || set -- sample sample_pers sample_fixed
mkdir -p "$runs"
runs=$(cd "$runs" && pwd)
cd "$(dirname "$0")/../.."
cargo build --release
# A copy, so that building anew does not disturb a run.
spanscope=$runs/spanscope.$$
cp target/release/spanscope "$spanscope"
trap 'rm -f "$spanscope"' EXIT
# One thread for each model: the products are too small to share.
export RAYON_NUM_THREADS=1

# begin PRESET
begin() {
    if [ -e "$runs/$1.1/checkpoint.safetensors" ]; then
        "$spanscope" train --resume "$runs/$1.1" --threads 1
    else
        "$spanscope" train --data sample_models/training/tinyshakespeare.txt --preset "$1" -o "$runs/$1.1" --threads 1
    fi
}

# stage PRESET NUMBER FROM TO OPTION…: goes on from the stage before, at FROM hundred steps, with other options, to TO hundred. The
# first hundred go to a folder of their own name only when they are done: the options, that of the spans above all, hold from the
# first step on and must not be given twice.
stage() {
    preset=$1 number=$2 first=$(($3 + 1)) last=$4
    shift 4
    run=$runs/$preset.$number
    if [ ! -e "$run" ]; then
        rm -rf "$run.begun"
        cp -R "$runs/$preset.$((number - 1))" "$run.begun"
        "$spanscope" train --resume "$run.begun" --threads 1 --niter "$first" "$@"
        mv "$run.begun" "$run"
    fi
    "$spanscope" train --resume "$run" --threads 1 --niter "$last"
}

# 2,100 steps in which heads grow from nothing, where they find a use for it; 700 in which all begin again from a fifth of S and a
# token of span costs fifteen times as much, so that they keep what pays; 600 at a fifth of the rate.
for preset in "$@"; do
    begin "$preset"
    case $preset in
    sample_fixed)
        name=shakespeare_fixed
        stage "$preset" 2 21 28 --lr 1e-3
        ;;
    *)
        name=shakespeare_span
        [ "$preset" = sample ] || name=shakespeare_all_attention
        stage "$preset" 2 21 28 --lr 1e-3 --adapt-span-init 0.2 --adapt-span-loss 3e-5
        ;;
    esac
    stage "$preset" 3 28 34 --lr 2e-4
    "$spanscope" convert "$runs/$preset.3" "sample_models/$name.safetensors" --dtype f16 --force
done
