"""Mirrors of a service, seen from its server: enrolment, export, receipts, recovery, new epochs."""
