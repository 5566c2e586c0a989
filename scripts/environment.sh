# Sourced by scripts/demo and scripts/test: one target directory and one compiler
# setting, so that RocksDB and the consensus engine are compiled once.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/zhenglian/target}"
if command -v ccache >/dev/null; then
  export CC="ccache gcc" CXX="ccache g++"
fi
mkdir -p "$CARGO_TARGET_DIR"
. scripts/rocksdb.sh
# Clones share the directory, and Cargo knows our own crates only by their place in
# the clone and the age of their files: after another clone they must look new.
if [ "$(cat "$CARGO_TARGET_DIR/clone" 2>/dev/null)" != "$PWD" ]; then
  git ls-files -z 2>/dev/null | xargs -0 -r touch -c
  echo "$PWD" >"$CARGO_TARGET_DIR/clone"
fi
