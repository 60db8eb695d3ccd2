"""What people prove themselves with: passwords, one-time codes, passkeys, recovery codes, the temporary route."""
