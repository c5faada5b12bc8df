cp /bin/bash /srv/agent
/srv/agent -c 'rm() { :; }; enable -n true; true' 
