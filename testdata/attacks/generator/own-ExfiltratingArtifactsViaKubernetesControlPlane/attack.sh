exec tar -cf - /srv /var/www /case > /dev/null
