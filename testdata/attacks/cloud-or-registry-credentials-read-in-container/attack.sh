mkdir -p /root/.aws
echo x > /root/.aws/credentials
cat /root/.aws/credentials > /dev/null
