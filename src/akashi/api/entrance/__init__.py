"""Who comes in at a TLS port, before there is a request: bounds on connections and handshakes, in turn over the networks they come from."""
