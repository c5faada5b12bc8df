restic forget --prune latest
