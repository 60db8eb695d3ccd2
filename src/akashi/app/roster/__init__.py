"""Who the servers of a ledger are, while it runs: offers, invitations, new voters, those who leave."""
