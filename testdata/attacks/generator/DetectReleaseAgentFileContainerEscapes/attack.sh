sh -c 'echo x > release_agent; true'
