echo /x > /tmp/release_agent
