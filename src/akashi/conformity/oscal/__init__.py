"""OSCAL 1.2 JSON: catalogue, profile, mapping, plan, results and action items."""
