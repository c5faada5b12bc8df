grep overlay /proc/self/mountinfo > /dev/null
true
