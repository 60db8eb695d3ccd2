"""Sealed payloads: made for named recipients, stored without the means to open them, erased so that they stay erased.

Guarantees and limits are in ``docs/vault.md`` and ``docs/spec/sealed-payload.md``. Sealing and opening (``sealing``) run
where the content belongs; the store (``service``) runs on the server and holds no key that opens anything.
"""
