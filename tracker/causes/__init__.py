"""Causes across the register: which categories come back, and where the same cause is shared."""
