# Sourced by scripts/demo and scripts/test: installs what is missing on a fresh
# Debian 12, as root or through sudo. What is there already is left alone.

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Installs the Debian packages among the arguments that are missing.
need_packages() {
  missing=""
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  echo "== installing$missing"
  as_root apt-get update -q
  # shellcheck disable=SC2086 # one word for each package
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
}

# Makes sure of Rust 1.95 or newer; Debian's rustc-web packages bring one.
need_rust() {
  minor=$(rustc --version 2>/dev/null | sed -n 's/^rustc 1\.\([0-9]*\).*/\1/p')
  if [ "${minor:-0}" -lt 95 ] || ! command -v cargo >/dev/null; then
    need_packages rustc-web cargo-web rust-web-clippy rustfmt-web
  fi
}

need_build_tools() {
  need_packages build-essential clang libclang-dev cmake pkg-config ccache curl git ca-certificates
  need_rust
}
