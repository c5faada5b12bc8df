xmrig
