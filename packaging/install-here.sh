#!/bin/sh
# Installs one program on this host, without Ansible:
#
#   npm pack                                               on a machine with this checkout; makes cibot-….tgz
#   sudo sh install-here.sh cibot-….tgz collector|agent    on the host, which needs Node 26 on its path
#   sudo sh install-here.sh --remove                       takes both away again; data and settings stay
#
# Settings are read from /etc/cibot/collector.json or agent.json, which are yours to write first; the
# collector's token and certificate have to be readable by the user cibot-collector that this makes.
set -eu
units=/etc/systemd/system
bin=/usr/local/bin
lib=/usr/local/lib/cibot

fail() {
  printf 'install-here.sh: %s\n' "$1" >&2
  exit 2
}

[ "$(id -u)" = 0 ] || fail 'run this as root: sudo sh install-here.sh …'

if [ "${1:-}" = --remove ]; then
  for program in collector agent; do
    systemctl disable --quiet --now "cibot-$program" 2>/dev/null || true
    rm -f "$units/cibot-$program.service" "$bin/cibot-$program"
  done
  rm -rf "$lib"
  ! id cibot-collector >/dev/null 2>&1 || userdel cibot-collector
  systemctl daemon-reload
  exit 0
fi

[ $# = 2 ] || fail 'say the tarball and collector or agent: sudo sh install-here.sh cibot-2.0.0.tgz agent'
case $2 in collector | agent) program=$2 ;; *) fail "\"$2\" is neither collector nor agent" ;; esac
[ -r "$1" ] || fail "cannot read $1; make it with: npm pack"
node=$(command -v node) || fail 'there is no node on the path; Node 26 is needed: https://nodejs.org'
[ "$("$node" -p 'process.versions.node.split(".")[0]')" -ge 26 ] ||
  fail "$node is $("$node" --version); Node 26 is needed"
case $node in /home/* | /root/*) fail "$node is in a home, where no unit can read it; install it for all" ;; esac
[ -e "/etc/cibot/$program.json" ] || fail "write /etc/cibot/$program.json first; README.md shows one"

mkdir -p "$lib"
tar -xzf "$1" -C "$lib" --strip-components=2 "package/dist/$program.js"
tar -xzf "$1" -C "$lib" --strip-components=2 "package/packaging/cibot-$program.service"
become=
if [ "$program" = collector ]; then
  id cibot-collector >/dev/null 2>&1 ||
    useradd --system --home-dir /var/lib/cibot --no-create-home --shell /usr/sbin/nologin cibot-collector
  # What root wrote into the database's folder would shut the daemon out, so root becomes its user.
  # cron's path ends before runuser's folder.
  become='[ "$(id -u)" != 0 ] || exec /usr/sbin/runuser -u cibot-collector -- "$0" "$@"'
fi
printf '#!/bin/sh\n%s\nexec %s %s/%s.js "$@"\n' "$become" "$node" "$lib" "$program" >"$bin/cibot-$program"
chmod 755 "$bin/cibot-$program"
mv "$lib/cibot-$program.service" "$units/cibot-$program.service"
if [ "$program" = agent ]; then
  printf 'enrol this host on the collector: cibot-collector agents add %s %s\n' \
    "$(hostname)" "$("$bin/cibot-agent" --config /etc/cibot/agent.json key)"
fi
systemctl daemon-reload
systemctl enable --quiet "cibot-$program"
systemctl restart "cibot-$program"
sleep 2
systemctl is-active --quiet "cibot-$program" || {
  journalctl --no-pager --lines=5 --output=cat "--unit=cibot-$program" >&2
  fail "cibot-$program does not run"
}
printf 'cibot-%s runs\n' "$program"
