# The one cell of a Vitess, made if it is missing.
set -eu
alias_of_cell=zone1
vtctldclient --server=vtctld:15999 GetCellInfo "$alias_of_cell" ||
  vtctldclient --server=vtctld:15999 AddCellInfo \
    --root=/vitess/zone1 --server-address=etcd:2379 "$alias_of_cell"
