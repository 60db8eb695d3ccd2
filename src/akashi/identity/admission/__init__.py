"""How an institution joins and leaves: application, attested rules and training, approved map; settling, certified deletion, closing."""
