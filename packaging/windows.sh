#!/bin/sh
# The program for 64-bit Windows, made on Linux, as a folder:
#   sh packaging/windows.sh DIR [--quick]
# DIR/spanscope.exe is the program; DIR/spanscope-window.exe opens its window without a console.
# --quick: compiled in a fraction of the time, larger and slower; for trying things out.
#
# It needs Debian's gcc-mingw-w64-x86-64. Rust's target x86_64-pc-windows-gnu is taken from rustup (rustup target add
# x86_64-pc-windows-gnu), else the standard library is compiled along, with Debian's packages cargo-web, rustc-web and rust-web-src.
set -eu
cd "$(dirname "$0")/.."
[ $# -ge 1 ] || { sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 2; }
out=$1
profile=dist folder=dist
[ "${2-}" = --quick ] && profile=dev folder=debug
name=x86_64-pc-windows-gnu
target=${CARGO_TARGET_DIR:-target}/windows
tool=x86_64-w64-mingw32
command -v $tool-gcc > /dev/null && command -v $tool-windres > /dev/null || {
    echo "windows.sh: there is no linker; run: apt install gcc-mingw-w64-x86-64" >&2
    exit 1
}
mkdir -p "$target" "$out"
resources=$(cd "$target" && pwd)/resources.o
version=$(sed -n '/^\[workspace.package\]$/,/^$/s/^version = "\(.*\)"/\1/p' Cargo.toml)
numbers=$(echo "$version" | sed 's/[^0-9.].*//; s/\./,/g'),0
$tool-windres -I packaging/windows -DVERSION="$version" -DVERSION_NUMBERS="$numbers" packaging/windows/spanscope.rc -O coff -o "$resources"
# A stack as large as on Linux; Windows would give an eighth of it.
flags="-C link-arg=$resources -C link-arg=-Wl,--stack,8388608"

# The two programs: what is to be built, and how.
build() {
    "$@" --locked --target $name --profile $profile --target-dir "$target" -p spanscope -p spanscope-windows --bins
}
if command -v rustup > /dev/null && rustup target list --installed 2> /dev/null | grep -qx $name; then
    RUSTFLAGS=$flags build cargo build
elif [ -d /usr/lib/rustlib/src ] && [ -x /usr/bin/cargo ]; then
    # The standard library is built along: Debian packages its sources only.
    PATH=/usr/bin:$PATH RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc RUSTC_BOOTSTRAP=1 RUSTFLAGS=$flags \
        build /usr/bin/cargo build -Zbuild-std=std,panic_unwind
else
    echo "windows.sh: there is no standard library for $name; run: rustup target add $name" >&2
    echo "            or, on Debian: apt install cargo-web rustc-web rust-web-src" >&2
    exit 1
fi
for program in spanscope spanscope-window; do
    cp "$target/$name/$folder/$program.exe" "$out/"
    $tool-strip "$out/$program.exe"
done
cp LICENSE-MIT LICENSE-APACHE NOTICE.md README.md "$out/"
ls -l "$out"
