exec 3>>/host/sys/vm/nr_hugepages
