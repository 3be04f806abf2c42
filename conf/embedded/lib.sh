# What run and stop share: where things are, and processes that are known by pid and start time. Source it; do not run it.
#
# Below VAR: postgres/ redis/ objects/ state, log/, run/NAME.pid, secret/NAME (ports and passwords, kept), environment (what module and
# workers are started with), nginx.conf, tator.env.

set -u -o pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
VAR=${VAR:-var}
BUILD=${BUILD:-build}

case $VAR in /*) ;; *) VAR=$top/$VAR ;; esac
case $BUILD in /*) ;; *) BUILD=$top/$BUILD ;; esac

PATH=$PATH:/usr/sbin:/usr/local/sbin

say() { printf '%s\n' "$*"; }
die() { printf 'tator: %s\n' "$*" >&2; exit 1; }


# --- processes: a pid that was reused by another is left alone

started() {                     # PID: its start time in clock ticks
    sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20
}

remember() {                    # NAME PID
    echo "$2 $(started "$2")" > "$VAR/run/$1.pid"
}

running() {                     # NAME: prints the pid when that very process is alive
    local pid when state

    [ -f "$VAR/run/$1.pid" ] && read -r pid when < "$VAR/run/$1.pid" || return 1
    [ -n "$pid" ] && [ -n "$when" ] && [ "$(started "$pid")" = "$when" ] || return 1

    state=$(sed 's/^.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d' ' -f1)
    [ "$state" != Z ] && echo "$pid"
}

end() {                         # NAME SIGNAL SECONDS: asks, waits, and ends it the hard way after that
    local pid tenths=0

    if pid=$(running "$1"); then
        kill -"$2" "$pid" 2>/dev/null

        while running "$1" >/dev/null; do
            if [ $tenths -ge $(($3 * 10)) ]; then
                say "$1 does not stop, killing it"
                kill -KILL "$pid" 2>/dev/null
                sleep 0.3
                break
            fi
            tenths=$((tenths + 1))
            sleep 0.1
        done
    fi

    rm -f "$VAR/run/$1.pid"
}

wait_for() {                    # SECONDS WHAT COMMAND…
    local until=$(($(date +%s) + $1)) what=$2

    shift 2
    until "$@" >/dev/null 2>&1; do
        [ "$(date +%s)" -lt "$until" ] || return 1
        sleep 0.2
    done
}


serving() {                     # NAME COMMAND…: runs and answers the command; one that starts or ends is waited for
    local name=$1

    shift
    for _ in $(seq 150); do
        running "$name" >/dev/null || return 1
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.2
    done
    return 1
}


# --- values that are kept: ports and passwords

listening() {                   # PORT
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

free_port() {
    local port

    for _ in $(seq 200); do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        if ! listening $port; then
            echo $port
            return
        fi
    done
    die "no free port"
}

kept() {                        # NAME COMMAND…: the value made once by the command
    local file=$VAR/secret/$1

    shift
    if [ ! -s "$file" ]; then
        (umask 077; "$@" > "$file")
    fi
    cat "$file"
}

random() { openssl rand -hex "${1:-20}"; }


# --- who runs it. PostgreSQL refuses root, and nothing that reads foreign bytes should be root.

if [ "$(id -u)" = 0 ]; then
    database_user=postgres
    service_user=www-data
else
    database_user=$(id -un)
    service_user=$(id -un)
fi

as() {                          # USER COMMAND…
    local user=$1

    shift
    if [ "$user" = "$(id -un)" ]; then
        "$@"
    else
        (cd / && setpriv --reuid="$user" --regid="$user" --init-groups "${reach[@]}" -- "$@")
    fi
}

# Below a folder that only root may enter (its home, say) the database server gets the one capability to pass through.
reach=()
pass_through() {
    if [ "$(id -u)" = 0 ] && ! as "$1" stat "$VAR/postgres" >/dev/null 2>&1; then
        reach=(--inh-caps=+dac_read_search --ambient-caps=+dac_read_search)
        as "$1" stat "$VAR/postgres" >/dev/null 2>&1 || die "the user $1 can not enter $VAR: choose another folder with VAR="
    fi
}
