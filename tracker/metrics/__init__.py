"""Metrics of category 4: targets, monthly values, and the facts they prove."""
