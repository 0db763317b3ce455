"""What the parties of the demonstration of comparison share: signed texts, tags, and the bytes between them.

Part of the second distribution, `kuaijietong-comparison`; registration neither contains nor needs it. `FORMAT.md`
beside this file is the specification, `vectors/` holds its test vectors. Everything here is for specimens on one
machine: the annex is refused beside any root file but a demonstration's, a decision that names anybody but a
specimen does not load.

How this differs from the first plan of its interfaces: the annex also has `station_box`, for withdrawals on their
way to the station; a decision carries exactly two signatures; binary forms are signed by `suite.SigningKey` and
checked by `suite.VerifyKey` (of a party in the annex: `annex.station_key.key`), signed texts by the keys of notes.
`verify_alert`, `is_within_one_slip` and `is_same_number` are in `alert_rules`, and take the stops that were seen;
`unlock_person_bytes` gives the exact bytes that an alert carries on; `check_request` asks for a party's keys, since
a court has several; `tags.list_inputs` are the inputs of a number, the same for terminal and desk; locks also depend
on a salt in the part, since a retry has the same handle (`derive_person_lock`); letters' contents are made and read
by `mail.encode_outcome`, `encode_refusal`, `encode_note` and their `decode_`s; `places.make_place` makes a place,
`lists.build_tree(leaves).prove(leaf)` a proof; permits and stops are read whatever the time (`Permit.is_in_force`).

The desk evaluates for the relay alone, whose public key (base64 of 32 bytes) is `relay_key` in its settings: the relay
signs POST /v1/evaluate as party "relay" (`sign_request`). Anybody else, the office above all, could have numbers of
their choice evaluated, and try them against the tags that they see.
"""
