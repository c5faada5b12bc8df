nsenter -t 1 -u true
