"""A recovery key in shares: any k of n officers make it whole, fewer learn nothing, and nobody keeps the whole (no escrow)."""
