"""Mutants: the code is changed in one place, and the tests that run that place should notice.

The checkout is left alone: a change is compiled in memory, in a fork of a process that has imported all there is to test.
"""
