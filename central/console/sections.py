"""Which pages lie below which entry of the navigation, by the names of their views.

What somebody posts is answered by a page as well where it is refused, so acts are named too.
"""

from __future__ import annotations

BELOW_TERMINALS = frozenset(
    {
        "terminal", "suspend_terminal", "ask_to_lift_terminal", "lift_terminal", "revoke_terminal", "settle_event",
        "settle_gap", "set_terminal",
    }
)  # fmt: skip
BELOW_ENROLMENTS = frozenset({"enrolment", "new_enrolment", "approve_enrolment", "refuse_enrolment"})
BELOW_VENUES = frozenset(
    {
        "venue", "new_venue", "change_venue", "close_venue", "reopen_venue", "hand_overs", "propose_move",
        "accept_move", "drop_move", "import_venues", "take_import", "areas", "add_area", "rename_area", "remove_area",
    }
)  # fmt: skip
BELOW_RELEASES = frozenset({"open_release", "withdraw_release"})
BELOW_ACCOUNTS = frozenset(
    {
        "add_account", "person", "give_role", "take_role", "set_area", "disable_account", "enable_account",
        "reset_account", "confirm_grant", "drop_grant",
    }
)  # fmt: skip
