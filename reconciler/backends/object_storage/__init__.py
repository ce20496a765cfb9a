"""The backend on object storage: a prefix of numbered objects, each created once. Needs the extra [object-storage]."""
