#!/usr/bin/env bash
# netlab.sh - N network namespaces on one bridge, for peer-to-peer tests.
#
#   netlab.sh up N                 create namespaces 1..N: 10.77.0.1 .. 10.77.0.N
#   netlab.sh run CMD...           run CMD in every namespace at once; wait; logs in $NETLAB_DIR/log
#                                  ({i} = index, {ip} = address, also $NETLAB_I and $NETLAB_IP)
#   netlab.sh exec K CMD...        run CMD in namespace K in the foreground
#   netlab.sh spawn K CMD...       run CMD in namespace K in the background, prints its pid
#   netlab.sh cut K [link|drop]    link: cable pulled (carrier lost); drop: black hole, carrier stays (default)
#   netlab.sh heal K               undo cut, loss and delay of K
#   netlab.sh split A,B,.. C,D,..  drop all traffic between two groups (partition)
#   netlab.sh unsplit              undo split
#   netlab.sh loss K PERCENT       lose PERCENT of the packets leaving and entering K
#   netlab.sh delay K MS           add MS to every frame leaving and entering K (rtt +2*MS)
#   netlab.sh addr K IP            change K's address to IP/24
#   netlab.sh rawdrop K            delete K's interface and make it again with the same address
#   netlab.sh kill K               SIGKILL everything that runs in namespace K
#   netlab.sh list                 show the state
#   netlab.sh down                 kill what runs in the namespaces, remove everything
#
# Environment: NETLAB (name prefix, <= 6 letters, default nl: two labs may run at the same
# time with different prefixes and subnets), NETLAB_NET (default 10.77.0), NETLAB_DIR
# (state and logs), NETLAB_TIMEOUT (seconds a `run` or `spawn` may take, default 300).
# Needs root, iproute2; cut drop/loss/split need nft (package nftables); delay needs tc netem,
# or, in kernels without it, python3 (a small user-space relay takes its place).
set -euo pipefail
P=${NETLAB:-nl}; NET=${NETLAB_NET:-10.77.0}; DIR=${NETLAB_DIR:-${TMPDIR:-/tmp}/netlab-$P}; TMO=${NETLAB_TIMEOUT:-300}
BR=${P}br
die() { echo "netlab: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || die "needs root"
ns() { echo "$P$1"; }                      # namespace name, also the host end of the veth
inns() { local k=$1; shift; ip netns exec "$(ns "$k")" "$@"; }
has() { [ -e "/run/netns/$(ns "$1")" ] || die "no namespace $1"; }
count() { cat "$DIR/n" 2>/dev/null || echo 0; }

link_up() {                                # make K's veth pair and configure it
  local k=$1 ip=$2 n; n=$(ns "$k")
  ip link add "$n" type veth peer name eth0 netns "$n"
  ip link set "$n" master "$BR" up
  ip -n "$n" addr add "$ip/24" brd + dev eth0
  ip -n "$n" link set eth0 up
  # mDNS: 224.0.0.251 must have a route. One default route is enough; this one needs no router.
  ip -n "$n" route add 224.0.0.0/4 dev eth0
}

up() {
  local n=${1:?up N}; [ "$(count)" = 0 ] || die "already up: netlab.sh down first"
  mkdir -p "$DIR/log"
  echo "$n" >"$DIR/n"                      # first, so that `down` also clears a lab half made
  ip link add "$BR" type bridge mcast_snooping 0   # no snooping: no querier here, so no surprises
  ip link set "$BR" up
  local k
  for k in $(seq 1 "$n"); do
    ip netns add "$(ns "$k")"
    ip -n "$(ns "$k")" link set lo up
    link_up "$k" "$NET.$k"
    echo "$NET.$k" >"$DIR/ip.$k"
  done
}

sub() { local k=$1; shift; local a out=(); for a in "$@"; do a=${a//\{i\}/$k}; out+=("${a//\{ip\}/$(cat "$DIR/ip.$k")}"); done; printf '%s\0' "${out[@]}"; }

spawn() {
  local k=$1; shift; has "$k"; local a=(); mapfile -d '' -t a < <(sub "$k" "$@")
  NETLAB_I=$k NETLAB_IP=$(cat "$DIR/ip.$k") setsid -w ip netns exec "$(ns "$k")" timeout -k 2 "$TMO" "${a[@]}" >>"$DIR/log/$k.out" 2>>"$DIR/log/$k.err" </dev/null &
  echo $!
}

run() {
  local k rc=0 pids=() pid
  for k in $(seq 1 "$(count)"); do : >"$DIR/log/$k.out"; : >"$DIR/log/$k.err"; spawn "$k" "$@" >"$DIR/pid.$k"; pids+=("$(cat "$DIR/pid.$k")"); done
  for pid in "${pids[@]}"; do wait "$pid" || rc=$?; done
  for k in $(seq 1 "$(count)"); do sed "s/^/[$k] /" "$DIR/log/$k.out" "$DIR/log/$k.err"; done
  return $rc
}

# Drops happen on the bridge, so both ends see a silent network, never a local error (an output
# hook inside the namespace would answer EPERM to the sender).
port() { echo "\"$(ns "$1")\", \"${P}tap$1\""; }
ports() { local k o=; for k in ${1//,/ }; do o+="${o:+, }$(port "$k")"; done; echo "$o"; }
undrop() { nft delete table bridge "netlab_${P}_$1" 2>/dev/null || true; }
drop() { undrop "$1"; printf 'table bridge netlab_%s_%s {\n chain f {\n type filter hook forward priority 0; %s\n }\n}\n' "$P" "$1" "$2" | nft -f -; }

cut() {
  local k=$1; has "$k"
  case ${2:-drop} in
    link) ip link set "$(ns "$k")" down ;;
    drop) drop "cut$k" "iifname { $(port "$k") } drop; oifname { $(port "$k") } drop;" ;;
    *) die "cut K link|drop" ;;
  esac
}

loss() {
  local k=$1 r="numgen random mod 1000 < $(($2 * 10)) drop;"; has "$k"
  drop "loss$k" "iifname { $(port "$k") } $r oifname { $(port "$k") } $r"
}

split() {
  local a b; a=$(ports "$1"); b=$(ports "$2")
  drop split "iifname { $a } oifname { $b } drop; iifname { $b } oifname { $a } drop;"
}
unsplit() { undrop split; }

# Delay without netem: take the host end of the veth off the bridge and relay its frames by hand to a
# tap device on the bridge. Offloads of the namespace's end go off first (checksums must be real).
relay_py() { cat <<'PY'
import sys, os, fcntl, struct, socket, select, time, collections, subprocess
host, tap, ms, br = sys.argv[1], sys.argv[2], float(sys.argv[3]) / 1000, sys.argv[4]
f = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
fcntl.ioctl(f, 0x400454ca, struct.pack('16sH22x', tap.encode(), 0x0002 | 0x1000))   # TUNSETIFF: tap, no header
subprocess.check_call(['ip', 'link', 'set', host, 'nomaster', 'promisc', 'on'])
subprocess.check_call(['ip', 'link', 'set', tap, 'master', br, 'up'])
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)); s.bind((host, 0)); s.setblocking(False)
q = (collections.deque(), collections.deque())
while True:
    now = time.monotonic()
    for i, out in ((0, lambda d: os.write(f, d)), (1, lambda d: s.send(d))):
        while q[i] and q[i][0][0] <= now:
            try: out(q[i].popleft()[1])
            except OSError: pass
    t = min((x[0][0] for x in q if x), default=now + 1) - now
    for fd in select.select([s, f], [], [], max(0, t))[0]:
        for _ in range(256):
            try:
                if fd is s:
                    d, a = s.recvfrom(70000)
                    if a[2] == 4: continue                     # PACKET_OUTGOING: what we sent
                    q[0].append((time.monotonic() + ms, d))
                else: q[1].append((time.monotonic() + ms, os.read(f, 70000)))
            except BlockingIOError: break
PY
}

offload_off() { inns "$1" python3 - <<'PY'
import fcntl, struct, socket, array
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for cmd in (0x1f, 0x24, 0x17):                                 # TSO, GSO, tx checksums off
    v = array.array('B', struct.pack('II', cmd, 0)); a, _ = v.buffer_info()
    try: fcntl.ioctl(s, 0x8946, struct.pack('16sP16x', b'eth0', a))
    except OSError as e: print('ethtool', hex(cmd), e)
PY
}

undelay() {
  local k=$1 n; n=$(ns "$k")
  inns "$k" tc qdisc del dev eth0 root 2>/dev/null || true
  tc qdisc del dev "$n" root 2>/dev/null || true
  if [ -e "$DIR/relay.$k" ]; then
    kill "$(cat "$DIR/relay.$k")" 2>/dev/null || true; rm -f "$DIR/relay.$k"
    ip link set "$n" promisc off master "$BR" 2>/dev/null || true
  fi
}

delay() {
  local k=$1 ms=$2 n t; has "$k"; n=$(ns "$k"); undelay "$k"
  if inns "$k" tc qdisc add dev eth0 root netem delay "${ms}ms" 2>/dev/null; then
    tc qdisc add dev "$n" root netem delay "${ms}ms"; return
  fi
  offload_off "$k"
  relay_py >"$DIR/relay.py"
  setsid python3 "$DIR/relay.py" "$n" "${P}tap$k" "$ms" "$BR" >"$DIR/log/relay.$k" 2>&1 </dev/null &
  t=$!; sleep 0.5
  kill -0 "$t" 2>/dev/null || die "relay did not start: $(cat "$DIR/log/relay.$k")"
  echo "$t" >"$DIR/relay.$k"
}

heal() {
  local k=$1; has "$k"
  ip link set "$(ns "$k")" up
  undrop "cut$k"; undrop "loss$k"; undelay "$k"
}

addr() {
  local k=$1 new=$2 n; has "$k"; n=$(ns "$k")
  ip -n "$n" addr flush dev eth0 scope global
  ip -n "$n" addr add "$new/24" brd + dev eth0
  ip -n "$n" route replace 224.0.0.0/4 dev eth0
  echo "$new" >"$DIR/ip.$k"
}

rawdrop() { local k=$1; has "$k"; ip link del "$(ns "$k")"; sleep "${2:-0}"; link_up "$k" "$(cat "$DIR/ip.$k")"; }

nskill() { local p; has "$1"; for p in $(ip netns pids "$(ns "$1")"); do kill -9 "$p" 2>/dev/null || true; done; }

down() {
  local k
  for k in $(seq 1 "$(count)"); do
    [ -e "/run/netns/$(ns "$k")" ] || continue
    undelay "$k" || true; undrop "cut$k"; undrop "loss$k"
    nskill "$k" || true
    ip netns del "$(ns "$k")" || true
    ip link del "$(ns "$k")" 2>/dev/null || true
  done
  unsplit; ip link del "$BR" 2>/dev/null || true
  rm -f "$DIR/n" "$DIR"/ip.* "$DIR"/pid.*
}

list() { local k; for k in $(seq 1 "$(count)"); do echo "$k $(ns "$k") $(ip -n "$(ns "$k")" -br addr show dev eth0 2>&1) pids: $(ip netns pids "$(ns "$k")" | xargs)"; done; }

c=${1:-}; shift || true
case $c in
  up|run|spawn|cut|heal|split|unsplit|loss|delay|addr|rawdrop|down|list) "$c" "$@" ;;
  exec) k=$1; shift; has "$k"; inns "$k" "$@" ;;
  kill) nskill "$@" ;;
  *) sed -n '2,26p' "$0"; exit 2 ;;
esac
