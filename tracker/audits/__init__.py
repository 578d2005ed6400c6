"""Follow-up audits: was it done, and did it work?"""
