_base_ = ['./second.py']
seed = 1
