# Sourced by scripts/environment.sh: compiles the RocksDB that the crate
# `librocksdb-sys` carries into one static library and tells the crate where it is.
# The crate's own build takes each of its 300 files alone, under g++; CMake's unity
# build under clang takes them by twelves, in a third of the time. Same source, same
# version: the library's folder bears the crate's name, so another version is another
# folder.
rocksdb_source=$(cargo metadata --locked --format-version 1 --filter-platform "$(rustc -vV | sed -n 's/^host: //p')" |
  tr '"' '\n' | grep '/librocksdb-sys-[^/]*/Cargo.toml$' | head -n 1)
rocksdb_source=${rocksdb_source%/Cargo.toml}
rocksdb_built="${CARGO_TARGET_DIR%/*}/${rocksdb_source##*/}"
if [ ! -f "$rocksdb_built/librocksdb.a" ]; then
  echo "== building RocksDB (once for each version of it)"
  rm -rf "$rocksdb_built.part"
  CC=clang CXX=clang++ cmake -S "$rocksdb_source/rocksdb" -B "$rocksdb_built.part" \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=12 \
    -DCMAKE_CXX_FLAGS="-g0 -include cstdint" -DPORTABLE=1 -DFAIL_ON_WARNINGS=OFF \
    -DROCKSDB_BUILD_SHARED=OFF -DWITH_GFLAGS=OFF -DWITH_LIBURING=OFF -DWITH_TESTS=OFF \
    -DWITH_TOOLS=OFF -DWITH_CORE_TOOLS=OFF -DWITH_BENCHMARK_TOOLS=OFF -DWITH_TRACE_TOOLS=OFF -Wno-dev
  cmake --build "$rocksdb_built.part" --target rocksdb --parallel
  mkdir -p "$rocksdb_built"
  mv "$rocksdb_built.part/librocksdb.a" "$rocksdb_built/"
  rm -rf "$rocksdb_built.part"
fi
export ROCKSDB_LIB_DIR="$rocksdb_built" ROCKSDB_STATIC=1
unset rocksdb_source rocksdb_built
