"""The machine API of a server: what gateways call (``akashi.app.gateway.remote`` is its client)."""
