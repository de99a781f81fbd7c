"""What a bank pulled has a life: its duty to delete, and the bank's signed word of what became of it."""
