"""What the facts are worth: exact scores of COPC-2000 CSP and SEE-CMM, with a reason for every lost point."""
