"""What can be wrong between the database and the ledger: what it means, and what to do."""

from ledger.audit.findings import Kind

_FROM_BACKUP = "Restore the row from a backup: what the ledger says holds. Find out who could write to the database."

RECORD_CHANGED = Kind(
    "record_changed",
    "The record was changed after it was stored; evidence with it fails its verification.",
    _FROM_BACKUP,
)
RECORD_GONE = Kind(
    "record_gone",
    "A record that is anchored on the ledger was deleted. Erasing one deletes its key, never its row.",
    _FROM_BACKUP,
)
RECEIPT_CHANGED = Kind(
    "receipt_changed",
    "The receipt was changed after it was given: the owner's access log is not what the bank holds.",
    _FROM_BACKUP,
)
RECEIPT_GONE = Kind("receipt_gone", "An access by a bank was deleted from the owner's access log.", _FROM_BACKUP)
ATTESTATION_CHANGED = Kind(
    "attestation_changed",
    "What a bank attested was changed after it came: the owner is not shown what the bank signed.",
    _FROM_BACKUP,
)
ATTESTATION_GONE = Kind(
    "attestation_gone", "What a bank attested that it deleted, or keeps under a law, was deleted.", _FROM_BACKUP
)
BATCH = Kind(
    "batch",
    "The batch is not the one that its ledger entry anchors; evidence of its records fails its verification.",
    _FROM_BACKUP,
)
LEAVES_GONE = Kind(
    "leaves_gone",
    "Leaves of a batch were deleted: its records or receipts can be proved no more.",
    _FROM_BACKUP,
)
NOT_ANCHORED = Kind(
    "not_anchored",
    "What was stored never reached the ledger, so it is not released and proves nothing.",
    "See whether the worker runs and what it logs; what nothing waits for any more, restore from a backup.",
)
ENTRY_GONE = Kind(
    "entry_gone",
    "The ledger lost an entry that it had accepted, or the database claims one that never was.",
    "Restore whichever is older from its backup; the ledger must be the newer one.",
)
ENTRY_UNKNOWN = Kind(
    "entry_unknown",
    "The ledger holds an entry that the database does not know: the database was rolled back or rows were deleted, "
    "or somebody else signs with the gateway's key.",
    "Restore the database from a newer backup; if there is none, find out who has the organisation's key.",
)
REJECTED = Kind(
    "rejected",
    "The ledger refused an entry: what it is about is not final.",
    "See the worker's log for the entry; what it anchors is not released until that is settled.",
)
PROOF = Kind(
    "proof",
    "What the database keeps to prove an entry, block or key is not what the ledger says; evidence made of it fails.",
    _FROM_BACKUP,
)
CONSENT = Kind(
    "consent",
    "A consent in the database is not the one that its owner signed and the ledger knows: data may be released that "
    "the owner did not allow.",
    "Stop the gateway if it widens anything, and restore the row from a backup. Find out who could write to it.",
)
USES = Kind(
    "uses",
    "The uses counted are not the receipts given: an access is hidden, or the limit does not hold.",
    _FROM_BACKUP,
)
PASSKEY = Kind(
    "passkey",
    "An owner's passkey in the database is not the one that was committed to: consents may be signed by another's.",
    "Take the passkey out of use and let the owner enrol again. Find out who could write to the database.",
)
