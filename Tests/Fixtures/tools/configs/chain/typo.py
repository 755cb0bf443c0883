_base_ = 'first.py'
