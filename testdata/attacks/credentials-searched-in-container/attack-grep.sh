grep -r aws_secret_access_key /srv > /dev/null
true
