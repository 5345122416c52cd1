# Makes each tablet its shard's primary, then applies what `wikibase-graph migrate --vitess` wrote into /schema.
set -eu

vitess() {
  vtctldclient --server=vtctld:15999 "$@"
}

for tablet in zone1-0000000100 zone1-0000000200 zone1-0000000300; do
  vitess TabletExternallyReparented "$tablet"
done
for keyspace in wikibase wikibase_unsharded; do
  vitess ApplySchema --sql-file="/schema/$keyspace.sql" "$keyspace"
  vitess ApplyVSchema --vschema-file="/schema/$keyspace.vschema.json" "$keyspace"
done
vitess ApplyRoutingRules --rules-file=/schema/routing_rules.json
