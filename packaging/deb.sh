#!/bin/sh
# Makes the Debian package: target/debian/spanscope_VERSION_ARCH.deb. Needs `cargo install cargo-deb`.
set -eu
cd "$(dirname "$0")/.."
cargo build --profile dist --locked
made=target/packaging
rm -rf "$made"
mkdir -p "$made"
target/dist/spanscope man "$made/man"
gzip -9n "$made"/man/*.1
for shell in bash zsh fish; do
    target/dist/spanscope completions $shell > "$made/completions.$shell"
done
cargo deb --profile dist --no-build "$@"
