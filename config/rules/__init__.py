"""The rules of contact as data: one dated file per kind and reading (words, hours, windows, caps, carriers, states); config/teamfile/rules.py
reads them. A new rule is a new entry, here or in a file of your own beside these; `in_force_from` says when it begins, by itself.
"""
