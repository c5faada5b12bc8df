sysctl -n vm.nr_hugepages=0 > /dev/null 2>&1 || true
