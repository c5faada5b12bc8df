nmap -sn 10.2.3.0/24
