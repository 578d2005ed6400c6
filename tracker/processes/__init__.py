"""The register of key processes: what they follow, how much they vary, and when they were last audited."""
