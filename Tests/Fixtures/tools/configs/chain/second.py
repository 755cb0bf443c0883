_base_ = 'root.py'
work_dir = 'work'
