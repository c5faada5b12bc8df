pip3 install x
