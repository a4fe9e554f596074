#!/bin/sh
# Draws the pictures of docs/tour.md and the README anew, with the program as it stands. No display is needed.
#
#   sh docs/pictures.sh            all of them
#   sh docs/pictures.sh spans      those whose name contains "spans"
set -eu
cd "$(dirname "$0")/.."
cargo build --release --quiet
mkdir -p docs/tour
wiki=sample_models/wikitext_all_attention.safetensors

shot() {
    name=$1
    shift
    case $name in
    *"$only"*) ./target/release/spanscope shot "docs/$name.png" --force --quiet "$@" ;;
    esac
}
only=${1:-}

shot window-dark --theme dark
shot window-light --theme light
shot window-chinese --theme light --language zh
shot tour/heads --view heads --alone --size 420x560 --theme light
shot tour/role --view heads --alone --size 420x620 --theme light --head 3.0 --set '{"heads": {"page": "role"}}'
shot tour/scatter --view heads --alone --size 860x560 --theme light --set '{"heads": {"drawing": "scatter", "page": "alike"}}'
shot tour/spans --view spans --alone --size 860x640 --theme light
shot tour/windows --view spans --alone --size 860x640 --theme light --model sample_models/local_global.safetensors
shot tour/what-if --view spans --alone --size 860x420 --theme light --span 3.1=12 --ablate 2.1 \
    --set '{"spans": {"part": "all"}}'
shot tour/grid --view grid --alone --size 860x560 --theme light
shot tour/attention --view attention --alone --size 860x620 --theme light --tokens 520..521
shot tour/distances --view attention --alone --size 860x520 --theme light --set '{"attention": {"layout": "distance"}}'
shot tour/several --view attention --alone --size 860x520 --theme light \
    --head 3.1 --head 3.0 --head 2.1 --tokens 500..520
shot tour/text --view text --alone --size 860x420 --theme light --tokens 520..521
shot tour/readers --view text --alone --size 860x420 --theme light --tokens 520..521 \
    --set '{"text": {"shade": "readers"}}'
shot tour/surprisal --view text --alone --size 860x420 --theme light --set '{"text": {"shade": "surprisal"}}'
shot tour/persistent --view persistent --alone --size 860x760 --theme light --model $wiki --vector 17
shot tour/neurons --view persistent --alone --size 860x760 --theme light --neuron 3.120
shot tour/predictions --view predictions --alone --size 860x560 --theme light --tokens 520..521
shot tour/layers --view predictions --alone --size 860x560 --theme light --tokens 520..521 \
    --set '{"predictions": {"pages": {"page": "layers"}}}'
shot tour/parts --view predictions --alone --size 860x560 --theme light --tokens 520..521 \
    --set '{"predictions": {"pages": {"page": "parts"}}}'
shot tour/cost --view cost --alone --size 860x620 --theme light
shot tour/training --view training --alone --size 860x480 --theme light
shot tour/learning --view training --alone --size 860x620 --theme light --model sample_models/shakespeare_all_attention.safetensors
shot tour/model --view model --alone --size 860x620 --theme light
