"""What people do with checkup formats at a gateway beyond sending: the desk where maps are made and approved."""
