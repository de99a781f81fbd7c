"""What an operator and their monitoring ask: is it alive, is it ready, how much does it do."""
