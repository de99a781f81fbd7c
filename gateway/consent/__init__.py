"""What an owner lets a bank read: terms, lifecycle, signed consent records."""
