"""Scoring runs and totals: from facts in the database to points, and what each closure moved."""
