grep -r aws_secret_access_key /etc > /dev/null
true
