"""Organisations, their sites, programmes and key positions."""
