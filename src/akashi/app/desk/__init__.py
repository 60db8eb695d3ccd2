"""What people do at a gateway: convert, preview, send, take out, look at trails."""
