#!/usr/bin/env bash
# Set-up for every make target: `setup.sh run` (demo, serve), `setup.sh network` (several servers: run, and the program cometbft) or
# `setup.sh dev` (test, check, bench ...; with cometbft where it can be had).
#
# Makes .venv from the hash-locked requirements and sees to the Debian packages. Does nothing, and needs no network,
# when the lock was installed before. Installs wheels only: building a source package would fetch unlocked tools.
# Exit 2: something is missing that only root can install; the exact command is printed.
set -euo pipefail
cd "$(dirname "$0")/.."

kind=${1:-run}
case $kind in
    run) lock=requirements.txt ;;
    network) tools/setup.sh run; exec tools/cometbft.sh required ;;
    dev) lock=requirements-dev.txt ;;
    *) echo "error: usage: tools/setup.sh run|network|dev" >&2; exit 2 ;;
esac
PATH=$PATH:/usr/sbin:/sbin

find_python() {
    local candidate
    for candidate in python3.11 python3.12 python3.13 python3; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"; return
        fi
    done
}

missing_packages() {
    local python
    [ -x .venv/bin/pip ] || {
        python=$(find_python)
        if [ -z "$python" ]; then echo "python3 python3-venv"
        elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then echo "python3-venv"; fi
    }
    command -v openssl >/dev/null || echo openssl
    [ "$kind" = dev ] || return 0
    command -v git >/dev/null || echo git
    command -v chromium >/dev/null || echo chromium
    command -v mkfs.ext4 >/dev/null && command -v debugfs >/dev/null || echo e2fsprogs
    command -v pdftotext >/dev/null || echo poppler-utils
    command -v restic >/dev/null || echo restic
    { command -v clamscan && command -v clamd && command -v clamdscan; } >/dev/null || echo clamav clamav-daemon clamdscan
    command -v sshd >/dev/null || echo openssh-server
    [ -n "$(find /lib /usr/lib -name pam_oath.so -print -quit 2>/dev/null)" ] || echo libpam-oath
    command -v oathtool >/dev/null || echo oathtool
    command -v nginx >/dev/null || echo nginx
    [ -n "$(find /usr/lib -path '*engines*' -name 'pkcs11.so' -print -quit 2>/dev/null)" ] || echo libengine-pkcs11-openssl
    command -v softhsm2-util >/dev/null || echo softhsm2
    command -v pkcs11-tool >/dev/null || echo opensc
    [ -n "$(find /usr/share/mecab/dic -name '*.csv' -print -quit 2>/dev/null)" ] || echo mecab-ipadic
    [ -x /usr/lib/ipsec/charon ] && command -v swanctl >/dev/null || echo strongswan-charon strongswan-swanctl libstrongswan-standard-plugins
    [ -e /usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so ] || echo libcharon-extra-plugins
    [ -n "$(find /usr/share/fonts -name 'NotoSansCJK*' -print -quit 2>/dev/null)" ] || echo fonts-noto-cjk
}

packages=$(missing_packages | xargs)
if [ -n "$packages" ]; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "error: Debian packages are missing, and installing them needs root" >&2
        echo "hint: apt-get update && apt-get install -y --no-install-recommends $packages" >&2
        exit 2
    fi
    echo "setup: installing $packages"
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update </dev/null
    # shellcheck disable=SC2086 # a list of words
    apt-get -qq install -y --no-install-recommends $packages </dev/null >/dev/null
fi

if [ ! -x .venv/bin/pip ]; then
    python=$(find_python)
    [ -n "$python" ] || { echo "error: Python 3.11 or later is needed" >&2; exit 2; }
    echo "setup: making .venv with $("$python" --version)"
    "$python" -m venv .venv
fi

# What a change of which makes a finished set-up unfinished.
inputs=("$lock" tools/setup.sh)
[ "$kind" = run ] || inputs+=(requirements-tools.txt tools/outside.sh tools/cometbft.sh)
digest=$(cat "${inputs[@]}" | sha256sum | cut -d' ' -f1)
stamp=.venv/akashi-$kind.stamp
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$digest" ] && exit 0

echo "setup: installing the packages of $lock"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --no-deps \
    --only-binary=:all: -r "$lock" </dev/null

# The package is not built or installed: src is put on the path, and `akashi` is a launcher (ADR 0003).
site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
pwd -P | sed 's,$,/src,' >"$site/akashi.pth"
cat >.venv/bin/akashi <<'LAUNCHER'
#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/python" -m akashi.cli "$@"
LAUNCHER
chmod 755 .venv/bin/akashi

# The development lock holds the runtime lock, pin by pin (tests/architecture), so it serves `make demo` too.
[ "$kind" = run ] || cat requirements.txt tools/setup.sh | sha256sum | cut -d' ' -f1 >.venv/akashi-run.stamp
[ "$kind" = run ] || tools/outside.sh
[ "$kind" = run ] || tools/cometbft.sh
echo "$digest" >"$stamp"
