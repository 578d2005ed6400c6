"""People's work: what waits for whom, comments and mentions, watching, and standing in for somebody."""
