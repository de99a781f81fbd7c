"""Every parser that meets bytes from elsewhere, by name."""

from tests.fuzz import targets_connectors, targets_gateway, targets_ledger, targets_oauth

TARGETS = {
    target.name: target
    for module in (targets_connectors, targets_ledger, targets_oauth, targets_gateway)
    for target in module.targets()
}
