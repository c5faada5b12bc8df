set -e
sh -c 'echo true | sh'
