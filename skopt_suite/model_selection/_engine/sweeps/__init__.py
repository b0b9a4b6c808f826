"""Rows that are read chunk by chunk: folds read them together, so one sweep is enough for all.

Every fold is trained as it would be alone, on chunks without the rows that it holds out. Folds wait
for one another where they read: a chunk is read when all of them want one, and goes to all that
want it.
"""
