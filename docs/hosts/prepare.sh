#!/bin/sh
# Writes the configuration files of Redis and Sentinel for one host. Run it once on each host:
#
#   sh prepare.sh HOST_IP PRIMARY_IP FOLDER < FILE_WITH_THE_PASSWORD
#
# HOST_IP: the address of this host, as the other hosts and the nodes reach it. PRIMARY_IP: that of the host whose Redis is the
# primary at first; all hosts name the same one. Both servers change their own file later, for instance when another host becomes
# the primary, so keep FOLDER, and do not write it again. The password has one line of letters and digits, the same on all hosts.
set -eu

[ $# = 3 ] || { echo "usage: sh prepare.sh HOST_IP PRIMARY_IP FOLDER < FILE_WITH_THE_PASSWORD" >&2; exit 2; }
host=$1 primary=$2 folder=$3
redis_port=${REDIS_PORT:-6379} primary_port=${PRIMARY_PORT:-6379} sentinel_port=${SENTINEL_PORT:-26379}

for file in redis.conf sentinel.conf; do
  [ ! -e "$folder/$file" ] || { echo "$folder/$file exists; Redis keeps its role there. Remove it only from a host that is set up again from nothing." >&2; exit 1; }
done
IFS= read -r password || [ -n "$password" ]
case $password in
'' | *[!A-Za-z0-9]*) echo "The password must have letters and digits only; openssl rand -hex 32 makes one." >&2; exit 1 ;;
esac

umask 077
mkdir -p "$folder/data"
cat >"$folder/redis.conf" <<CONF
bind $host
port $redis_port
dir ${DATA_FOLDER:-$folder/data}
requirepass $password
masterauth $password
replica-announce-ip $host
replica-announce-port $redis_port

# What is acknowledged survives a restart of Redis; a machine that loses its power loses at most a second of it.
appendonly yes
appendfsync everysec
save ""

# Jobs and tokens are no cache: a full Redis refuses instead of dropping them. Below half of the host's memory, since Redis needs
# room to rewrite its file.
maxmemory ${MAXMEMORY:-768mb}
maxmemory-policy noeviction

# A primary without replicas, for instance one that is cut off, accepts nothing more after two seconds, so that little is lost when
# another one takes over. With it, writes stop while BOTH replicas are away.
min-replicas-to-write 1
min-replicas-max-lag 2
repl-ping-replica-period 1
# A replica that was away for a short while continues instead of copying everything.
repl-backlog-size 64mb
CONF
if [ "$host:$redis_port" != "$primary:$primary_port" ]; then
  echo "replicaof $primary $primary_port" >>"$folder/redis.conf"
fi

cat >"$folder/sentinel.conf" <<CONF
bind $host
port $sentinel_port
dir ${DATA_FOLDER:-$folder/data}
requirepass $password
sentinel sentinel-pass $password
sentinel announce-ip $host
sentinel announce-port $sentinel_port

# Two of three Sentinels have to agree that the primary is away, and one of the replicas becomes the primary.
sentinel monitor wxthirdparty $primary $primary_port 2
sentinel auth-pass wxthirdparty $password
# Shorter: a switch at every pause of a machine. Longer: calls wait longer, and WeChat's pushes are refused meanwhile.
sentinel down-after-milliseconds wxthirdparty 3000
sentinel failover-timeout wxthirdparty 10000
sentinel parallel-syncs wxthirdparty 1
CONF
echo "Wrote $folder/redis.conf and $folder/sentinel.conf."
