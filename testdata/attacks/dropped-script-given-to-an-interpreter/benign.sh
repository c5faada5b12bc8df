set -e
echo text > /tmp/notes
sh -c 'read -r line < /tmp/notes'
python3 -c 'print(open("/tmp/notes").read())'
cat /tmp/notes
