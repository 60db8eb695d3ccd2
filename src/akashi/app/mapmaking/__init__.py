"""Beside the desk of maps: files that a draft is tried on, dry runs with places, what an approver signs."""
