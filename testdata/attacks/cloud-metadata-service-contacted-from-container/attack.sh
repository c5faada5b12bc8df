curl -s -m 3 http://169.254.169.254/latest/meta-data/
true
