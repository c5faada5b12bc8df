php-fpm -c 'sh -c "id; true"; true' > /dev/null
