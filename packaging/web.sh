#!/bin/sh
# The window in a browser, as a folder that any web server or a file:// link opens:
#   sh packaging/web.sh DIR [--quick]
# With DIR/page.html, one page with everything in it but models, of which `spanscope record … -o run.html` makes pages of runs.
# --quick: compiled in a fraction of the time, half as large again; for trying things out.
#
# Rust's target wasm32-unknown-unknown is taken from rustup (rustup target add wasm32-unknown-unknown), else from Debian's
# packages cargo-web, rustc-web, rust-web-src and lld. wasm-bindgen is taken from the PATH in the version of Cargo.lock, else it is
# built once, into target/web/tools.
set -eu
cd "$(dirname "$0")/.."
[ $# -ge 1 ] || { sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 2; }
out=$1
profile=web-dist
[ "${2-}" = --quick ] && profile=web
target=${CARGO_TARGET_DIR:-target}/web
tools=$target/tools
features='-C target-feature=+simd128 -C link-arg=-zstack-size=8388608'

if command -v rustup > /dev/null && rustup target list --installed 2> /dev/null | grep -qx wasm32-unknown-unknown; then
    RUSTFLAGS=$features cargo build --locked -p spanscope-web --lib --target wasm32-unknown-unknown --profile $profile --target-dir "$target"
else
    linker=
    for name in wasm-ld $(cd /usr/bin && ls wasm-ld-* 2> /dev/null | sort -t- -k3 -rn); do
        command -v "$name" > /dev/null && { linker=$name; break; }
    done
    if ! [ -d /usr/lib/rustlib/src ] || [ -z "$linker" ] || ! [ -x /usr/bin/cargo ]; then
        echo "web.sh: there is no toolchain for wasm32-unknown-unknown; run: rustup target add wasm32-unknown-unknown" >&2
        echo "        or, on Debian: apt install cargo-web rustc-web rust-web-src lld-22" >&2
        exit 1
    fi
    # The standard library is built along: Debian packages its sources only.
    PATH=/usr/bin:$PATH RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc RUSTC_BOOTSTRAP=1 RUSTFLAGS="-C linker=$linker $features" \
        /usr/bin/cargo build --locked -p spanscope-web --lib -Zbuild-std=std,panic_abort --target wasm32-unknown-unknown \
        --profile $profile --target-dir "$target"
fi
built=$target/wasm32-unknown-unknown/$profile/spanscope_web.wasm

version=$(sed -n '/^name = "wasm-bindgen"$/{n;s/version = "\(.*\)"/\1/p;}' Cargo.lock)
bindgen=
for name in wasm-bindgen "$tools/bin/wasm-bindgen"; do
    [ "$("$name" --version 2> /dev/null)" = "wasm-bindgen $version" ] && { bindgen=$name; break; }
done
if [ -z "$bindgen" ]; then
    cargo install --root "$tools" --version "$version" wasm-bindgen-cli
    bindgen=$tools/bin/wasm-bindgen
fi
mkdir -p "$out/samples" "$out/fonts"
work=$target/page
rm -rf "$work" && mkdir -p "$work"
"$bindgen" --target no-modules --no-typescript --remove-name-section --out-dir "$work" --out-name spanscope "$built"

# As it is: wasm-opt -O2 made it 3 % smaller, what is sent of it larger, and nothing faster.
mv "$work/spanscope_bg.wasm" "$work/spanscope.wasm"

# A file as a script that brings it, packed.
bring() {
    printf 'spanscopePage.bring("%s", "' "$1"
    gzip -9nc "$2" | base64 -w 0
    printf '");\n'
}
# A page; $1: the file for the head, $2: that for the end of the body.
page() {
    sed -e "/<!--head-->/{r $1" -e 'd;}' -e "/<!--body-->/{r $2" -e 'd;}' crates/spanscope-web/page/page.html
}
cp "$work/spanscope.wasm" "$out/spanscope.wasm"
cat crates/spanscope-web/page/tiles.js crates/spanscope-web/page/repaint.js crates/spanscope-web/page/page.js > "$work/page.js"
cp "$work/spanscope.js" "$work/page.js" crates/spanscope-web/page/page.css "$out/"
bring wasm "$work/spanscope.wasm" > "$out/spanscope.wasm.js"
for model in sample_models/*.safetensors; do
    name=$(basename "$model")
    bring "samples/$name" "$model" > "$out/samples/$name.js"
done
# Fonts that most texts do without; the others are part of the program.
for font in crates/spanscope-chart/fonts/NotoSans*-Subset.*; do
    name=$(basename "$font")
    [ "$name" = NotoSansMath-Subset.ttf ] || bring "fonts/$name" "$font" > "$out/fonts/$name.js"
done
{
    # Nothing but what lies in this folder is ever loaded, and nothing is sent.
    echo "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'self' file: 'unsafe-inline' 'wasm-unsafe-eval'; style-src 'self' file: 'unsafe-inline'; connect-src 'self'; img-src data: blob:\">"
    echo '<link rel="stylesheet" href="page.css">'
} > "$work/head"
echo '<script src="spanscope.js"></script><script src="page.js"></script><script>spanscopePage.begin();</script>' > "$work/body"
page "$work/head" "$work/body" > "$out/index.html"
{
    # Nothing is loaded, nothing is sent.
    echo "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:\">"
    echo '<style>'
    cat crates/spanscope-web/page/page.css
    echo '</style>'
} > "$work/head"
{
    echo '<!--run-->'
    printf '<script type="application/gzip+base64" id="wasm">'
    gzip -9nc "$work/spanscope.wasm" | base64 -w 0
    echo '</script>'
    echo '<script>'
    cat "$work/spanscope.js"
    echo '</script>'
    echo '<script>'
    cat "$work/page.js"
    echo 'spanscopePage.begin();'
    echo '</script>'
} > "$work/body"
page "$work/head" "$work/body" > "$out/page.html"
ls -l "$out/spanscope.wasm" "$out/page.html"
