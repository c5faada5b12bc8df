gcc -o x x.c
