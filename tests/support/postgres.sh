#!/usr/bin/env bash
# A Postgres server of our own for tests: a cluster in one folder, a free loopback port, no service.
#   postgres.sh start DIR    makes the cluster where it is missing, starts it, prints its URL
#   postgres.sh stop DIR     stops it by its process id (DIR stays)
#   postgres.sh freeze DIR   lets it stand still, as a stuck server does
#   postgres.sh thaw DIR     lets it go on
set -euo pipefail
what="${1:?start, stop, freeze or thaw}"
dir="${2:?a folder}"
bin=$(ls -d /usr/lib/postgresql/*/bin /usr/local/pgsql/bin 2>/dev/null | sort -V | tail -1 || true)
[ -n "$bin" ] || bin=$(dirname "$(command -v postgres)")

# The server refuses to run as root: there it runs as the user that its package made.
as() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi; }
server() { head -1 "$dir/data/postmaster.pid"; }
family() { local pid; pid=$(server); echo "$pid $(ps -o pid= --ppid "$pid")"; }

case "$what" in
start)
  mkdir -p "$dir"
  dir=$(cd "$dir" && pwd)
  [ "$(id -u)" != 0 ] || chown postgres:postgres "$dir"
  cd /
  if [ ! -f "$dir/data/PG_VERSION" ]; then
    as "$bin/initdb" -D "$dir/data" -U cordboard -A trust -E UTF8 --locale=C >"$dir/initdb.log" 2>&1 ||
      { cat "$dir/initdb.log" >&2; exit 1; }
  fi
  for _ in 1 2 3 4 5; do
    # The port of the last start, if it is still free: the URL then stays the same.
    port=$(cat "$dir/port" 2>/dev/null || echo $((20000 + RANDOM % 20000)))
    rm -f "$dir/port"
    as "$bin/postgres" -D "$dir/data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories="$dir" \
      -c shared_buffers=32MB -c max_connections=60 >>"$dir/server.log" 2>&1 </dev/null &
    for _ in $(seq 100); do
      if as "$bin/pg_isready" -q -h 127.0.0.1 -p "$port" && kill -0 $! 2>/dev/null; then
        as "$bin/createdb" -h 127.0.0.1 -p "$port" -U cordboard cordboard 2>/dev/null || true
        echo "$port" >"$dir/port"
        echo "postgres://cordboard@127.0.0.1:$port/cordboard"
        exit 0
      fi
      kill -0 $! 2>/dev/null || break # the port was taken: try another
      sleep 0.1
    done
  done
  tail -5 "$dir/server.log" >&2
  exit 1
  ;;
stop)
  pid=$(server 2>/dev/null) || exit 0
  # shellcheck disable=SC2046
  kill -CONT $(family) 2>/dev/null || true
  kill -INT "$pid" 2>/dev/null || exit 0
  for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || exit 0; sleep 0.1; done
  kill -QUIT "$pid"
  ;;
# shellcheck disable=SC2046
freeze) kill -STOP $(family) ;;
# shellcheck disable=SC2046
thaw) kill -CONT $(family) ;;
*)
  echo "start, stop, freeze or thaw, not $what" >&2
  exit 1
  ;;
esac
