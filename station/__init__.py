"""The station's receiving service, of the demonstration of comparison: proved alerts, and nothing but alerts.

Part of the second distribution, `kuaijietong-comparison`; registration neither contains nor needs it. There is no
search here, no list of guests and no way to ask for one: what is not an alert never reaches this process.
"""
