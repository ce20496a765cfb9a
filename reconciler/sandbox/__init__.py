"""The sandbox: simulates the clouds' HTTP APIs. It does not depend on the adapters that call it."""
