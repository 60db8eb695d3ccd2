"""How institutions become members of a service and stop being so, as the secretariat carries it out on the server home."""
