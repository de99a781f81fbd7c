"""`tidegate audit`: the operator's, of everything; an owner's, of its access log, which needs no gateway."""

from gateway.cli.lazy import Entry, LazyGroup, commands

ENTRIES = {
    "verify": Entry("gateway.cli.audit", "Verify the whole ledger, and the database against it.", "Operator"),
    "mine": Entry(
        "gateway.cli.mine", "Verify an owner's access log offline: who pulled its data, and when.", "Data owner"
    ),
}


class _Audits(LazyGroup):
    entries = ENTRIES


app = commands("Verify the whole ledger and the database, or your own access log.", kind=_Audits)
