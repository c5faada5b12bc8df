sh -c 'echo dHJ1ZQ== | base64 -d | sh'
