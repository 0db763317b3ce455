"""Statutory destinations: the receiving services of countries that run one, each a module behind `terms.Destination`.

`catalogue.find_destination` is the only way in; nothing outside this folder names a country. How to add one: README.md
in this folder.
"""
