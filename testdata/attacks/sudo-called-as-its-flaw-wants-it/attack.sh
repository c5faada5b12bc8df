sudoedit -s 'x\'
