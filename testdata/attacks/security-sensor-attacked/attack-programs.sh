bpftool prog detach id 1
