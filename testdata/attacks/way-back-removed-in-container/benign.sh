set -e
restic snapshots
