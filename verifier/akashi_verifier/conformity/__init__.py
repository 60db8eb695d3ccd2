"""Conformity bundles: `docs/spec/conformity-bundle.md`, without the judges of its step 6.

Guarantees: `steps` recomputes every decision from the stated results of its checks and the disclosed answers. Refuses: to call
that a judgement of the facts; what was not recomputed stands under `unproven`.
"""
