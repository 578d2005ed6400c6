"""Non-conformities: the register, the record, and the facts each one pins."""
