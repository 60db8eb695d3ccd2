"""Going through one's own data again and again, against what a quorum signed (docs/network-repair.md)."""
