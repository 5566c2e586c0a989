# Sourced by scripts/demo and scripts/test: one target directory and one compiler
# setting, so that RocksDB and the consensus engine are compiled once.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/zhenglian/target}"
if command -v ccache >/dev/null; then
  export CC="ccache gcc" CXX="ccache g++"
fi
