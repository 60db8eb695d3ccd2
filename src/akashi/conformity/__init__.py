"""Conformity: catalogues, probes, judges, answers, assessment. What can be measured is measured, people are asked for the rest."""
