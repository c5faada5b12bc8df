nginx -c 'sh -c "id; true"; true' > /dev/null
