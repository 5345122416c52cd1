# A tablet before a MySQL server that it does not manage itself: NUMBER KEYSPACE SHARD SERVER.
set -eu
number=$1 keyspace=$2 shard=$3 server=$4
exec vttablet \
  --topo-implementation=etcd2 \
  --topo-global-server-address=etcd:2379 \
  --topo-global-root=/vitess/global \
  --tablet-path="$(printf 'zone1-%010d' "$number")" \
  --tablet-hostname="$(hostname -i)" \
  --init-keyspace="$keyspace" \
  --init-shard="$shard" \
  --init-tablet-type=replica \
  --init-db-name-override=vt_keyspace \
  --unmanaged \
  --db-host="$server" \
  --db-port=3306 \
  --db-app-user=root \
  --db-appdebug-user=root \
  --db-allprivs-user=root \
  --db-dba-user=root \
  --db-filtered-user=root \
  --db-repl-user=root \
  --db-credentials-file=/run/secrets/tablet_users.json \
  --db-ssl-mode=verify_identity \
  --db-ssl-ca=/run/secrets/ca.pem \
  --db-server-name="$server" \
  --service-map=grpc-queryservice,grpc-tabletmanager,grpc-updatestream \
  --port=15000 \
  --grpc-port=16000 \
  --logtostderr
