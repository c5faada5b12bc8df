debugfs -V
