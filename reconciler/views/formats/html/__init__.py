"""Pages for people: one file that needs no other, from its values alone. Each text in it is escaped by the template."""
