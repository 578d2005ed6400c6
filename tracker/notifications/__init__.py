"""Messages to people, queued in the transaction that causes them."""
