"""What the parties of the demonstration of comparison share: signed texts, tags, and the bytes between them.

Part of the second distribution, `kuaijietong-comparison`; registration neither contains nor needs it. `FORMAT.md`
beside this file is the specification, `vectors/` holds its test vectors. Everything here is for specimens on one
machine: the annex is refused beside any root file but a demonstration's, a decision that names anybody but a
specimen does not load.

Binary forms are signed by `suite.SigningKey` and checked by `suite.VerifyKey` (of a party in the annex:
`annex.station_key.key`), signed texts by the keys of notes. Permits and stops load whatever the time; whether one is
in force, its reader asks (`Permit.is_in_force`). Where to begin: `decisions.load_decision` for what puts anybody on a
list, `comparison` for one guest's message, `alert_rules.verify_alert` for what the station believes.
"""
