exec 3>>/proc/sys/vm/nr_hugepages
