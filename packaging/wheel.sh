#!/bin/sh
# Makes the Python wheel, target/wheels/spanscope-VERSION-cp310-abi3-….whl: module and program in one. Needs Python 3.10 or newer, and
# maturin: the one at hand, or one that is fetched into target/packaging. Options go to `maturin build`: `--profile dev` builds faster.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
if command -v maturin > /dev/null; then
    maturin=maturin
else
    tools=$root/target/packaging/maturin
    [ -x "$tools/bin/maturin" ] || {
        python3 -m venv "$tools"
        "$tools/bin/pip" install --quiet --disable-pip-version-check 'maturin>=1.8,<2'
    }
    maturin=$tools/bin/maturin
fi
# The licences lie in the root, and a wheel takes what lies beside its own description.
crate=crates/spanscope-python
trap 'rm -f "$root/$crate"/LICENSE-MIT "$root/$crate"/LICENSE-APACHE "$root/$crate"/NOTICE.md' EXIT
cp LICENSE-MIT LICENSE-APACHE NOTICE.md "$crate/"
profile=dist
case " $* " in *" --profile "*) profile=another ;; esac
# Functions of the same code are there once, where Rust brings the linker that can do that.
if [ -x "$(rustc --print sysroot)/lib/rustlib/x86_64-unknown-linux-gnu/bin/gcc-ld/ld.lld" ]; then
    set -- "$@" -- -C link-arg=-Wl,--icf=all
fi
"$maturin" build --locked --manifest-path "$crate/Cargo.toml" --out target/wheels "$@"
# A slower compressor makes what is handed out 3 % smaller; a wheel for trying things out does without it.
if [ $profile = dist ]; then
    tools=$root/target/packaging/zopfli
    if { [ -x "$tools/bin/python" ] || python3 -m venv "$tools"; } \
        && "$tools/bin/pip" install --quiet --disable-pip-version-check 'zopfli>=0.2,<1'; then
        for wheel in target/wheels/*.whl; do "$tools/bin/python" packaging/tighter.py "$wheel"; done
    else
        echo "wheel.sh: not packed tighter, for want of zopfli" >&2
    fi
fi
