"""How the loop itself performs: how old what is open is, how long each state takes, how often the first try works."""
