echo dHJ1ZQ== | openssl base64 -d > /dev/null
