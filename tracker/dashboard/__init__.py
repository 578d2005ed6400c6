"""The first page: where we stand and what to do next."""
