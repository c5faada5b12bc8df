echo dHJ1ZQ== | base64 -d > /dev/null
