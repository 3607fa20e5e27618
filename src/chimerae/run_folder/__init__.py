"""The format of a run folder: names of its files, their schema, its log and its scores.

Training, evaluation, studies and report write and read run folders with this package.
"""
