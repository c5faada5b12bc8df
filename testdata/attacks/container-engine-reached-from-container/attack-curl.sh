curl -s --unix-socket /run/docker.sock http://x/version
