echo 'print(1)' > /tmp/job.py
python3 /tmp/job.py now
