"""How a server of several finds damage in its own home and is made whole from the others (docs/network-repair.md)."""
