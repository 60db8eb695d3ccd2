"""Pages for people, rendered on the gateway; no scripts. Thin: a view asks one use case of ``app`` and fills one template."""
