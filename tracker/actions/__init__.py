"""Corrective actions: the problem, its causes, the plan, and its effect."""
