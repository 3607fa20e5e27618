"""The format of a run folder: names of its files, their schema, its log and its scores.

Whatever writes or reads a run folder uses this room: training, evaluation, studies and report.
"""
