"""The figures: what Rescore costs beside the least that the same work can cost. See README.md in this folder."""
