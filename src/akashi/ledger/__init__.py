"""The spine: operations signed, ordered, chained and proven. Knows tags and bytes, never a feature."""
