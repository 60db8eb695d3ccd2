#!/usr/bin/env bash
# `make network`: four servers on this machine that keep the demo's ledger together. Run again, it only starts what does not run.
#
# Makes what is missing, in this order: .venv and the program cometbft, demo-home (`akashi demo`), its four servers.
# A demo-home that is there is kept. NETWORK_HOME and NETWORK_SERVERS name another home and another number.
set -euo pipefail
cd "$(dirname "$0")/.."

tools/setup.sh network
home=${NETWORK_HOME:-demo-home}
akashi=.venv/bin/akashi

[ -d "$home/server" ] || "$akashi" demo --home "$home"
[ -f "$home/server/network/servers.json" ] || "$akashi" network init --home "$home" --servers "${NETWORK_SERVERS:-4}"
"$akashi" network start --home "$home"

cat <<NEXT

  $akashi network status --home $home     # how they are (exit status 7: nothing becomes final now)
  $akashi network stop --home $home       # what was handed in stays kept
  https://localhost:8444                        # the secretariat's pages; logins in $home/accounts.txt
  docs/network.md                               # what happens when one, or two, are down
NEXT
