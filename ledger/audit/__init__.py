"""Re-verify a whole ledger, from its genesis on: every block, every entry, and the state machine executed again.

Findings are said in sentences, never raised: one fault must not hide the next.
"""
