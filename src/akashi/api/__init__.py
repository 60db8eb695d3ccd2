"""The HTTPS faces: TLS and the REST API. Thin: every request asks identity who it is, calls one use case, answers."""
