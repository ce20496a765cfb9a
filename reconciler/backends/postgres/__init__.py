"""The PostgreSQL backend: states as rows, one statement an operation, no session state. The only user of psycopg."""
