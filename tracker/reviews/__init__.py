"""Reviews of the management system, and the facts they judge."""
