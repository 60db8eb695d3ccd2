"""Who may do what to what, why, and the machine clients that act with narrow credentials of their own (docs/identity-permissions.md)."""
