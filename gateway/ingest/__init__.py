"""What providers push: mapped by a connector, checked, sealed, given its owner, stored."""
