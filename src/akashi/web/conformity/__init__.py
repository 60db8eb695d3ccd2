"""Pages of conformity: overview, sheets, items, answers, contradictions, conditions, targets, assessment desk, downloads."""
