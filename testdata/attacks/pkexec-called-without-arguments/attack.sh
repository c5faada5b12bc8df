pkexec
