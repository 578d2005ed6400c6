"""Releases of standards: which an organisation has, its own among them, and which of them a site is scored by."""
