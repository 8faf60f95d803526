"""State: columns, ledger, keyed draws, calendar; no rules."""
