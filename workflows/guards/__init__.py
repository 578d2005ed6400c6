"""The guards of the four machines: named predicates over facts, each citing its clause.

A message is what a quality manager reads on a refused move: it says what is missing and what to do.
"""
