"""The backend on an HTTP server: the protocol that Terraform's http backend speaks, and GitLab's form of it.

The protocol has no lease and no fence. Only the id of a lock keeps writers apart, and only where the server checks it.
"""
