"""Use cases about keys: where they are, rotation, retirement of suites, the leak drill, shares."""
