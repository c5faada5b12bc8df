#!/bin/bash
# What the guard costs: the same work with and without it, in turns, on this machine. Under 12 minutes; needs root.
# Results go to bench/guard/results/DATE. SEAWALL=… takes a binary instead of building one; arguments go to measure.py.
set -eu
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "bench/guard needs root: it loads programs into the kernel" >&2; exit 2; }
missing=()
for pair in nginx:nginx-light wrk:wrk redis-server:redis-server gcc:gcc python3:python3; do
    command -v "${pair%%:*}" > /dev/null || missing+=("${pair##*:}")
done
if [ ${#missing[@]} -gt 0 ]; then
    # Debian starts what it installs, unless this file says no.
    printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    apt-get -qq update && apt-get -qq install -y --no-install-recommends "${missing[@]}" > /dev/null
fi
if [ -z "${SEAWALL:-}" ]; then
    cargo build --release -p seawall
    SEAWALL="${CARGO_TARGET_DIR:-target}/release/seawall"
fi
exec python3 bench/guard/measure.py --seawall "$SEAWALL" "$@"
