perl -MIO::Socket -e '$c=IO::Socket::INET->new("203.0.113.5:9001");exec("/bin/true")'
