"""The SQL, and the rows that it returns. Each operation is one statement, so any mode of a connection pool serves.

Every change of a state carries a nonce, so that after a lost reply a question tells whether it was made. `head` counts
the changes of a state; `folded` is the head of its snapshot. Every condition is in a where clause, which PostgreSQL
checks again after it waited for another writer of the row.
"""

from __future__ import annotations

from reconciler.values import value

FORMAT = 1  # of the tables

FORMAT_OF_TABLES = "select max(version)::int8 as version from voicectl.format"


@value
class FormatRow:
    """The format of the tables; None if the table is empty."""

    version: int | None


# -- the state ---------------------------------------------------------------------------------------------------------

# One statement sees one moment, so a writer that folds and deletes meanwhile does not disturb it.
READ = """
select s.head, s.nonce, s.folded, p.data,
       array(select e.lines from voicectl.entries e where e.name = s.name and e.seq > s.folded order by e.seq) entries
  from voicectl.states s left join voicectl.snapshots p on p.name = s.name and p.head = s.folded
 where s.name = %(name)s
"""


@value
class StateRow:
    """A state: the compressed snapshot, and the appends since."""

    head: int
    nonce: str
    folded: int
    data: bytes | None
    entries: list[bytes]


CREATE = "insert into voicectl.states (name) values (%(name)s) on conflict do nothing returning head"

# `fence` is null for a writer without a lock: then only the version guards. An append renews the lease.
APPEND = """
with moved as (
  update voicectl.states
     set head = head + 1, nonce = %(nonce)s, lineage = %(lineage)s, serial = %(serial)s, changed_at = clock_timestamp(),
         heartbeat_at = case when %(fence)s::int8 is null then heartbeat_at else clock_timestamp() end,
         expires_at = case when %(fence)s::int8 is null then expires_at
                           else clock_timestamp() + %(ttl)s::float8 * interval '1 second' end
   where name = %(name)s and head = %(head)s::int8 and nonce = %(expected)s
     and (%(fence)s::int8 is null or (fence = %(fence)s::int8 and lock_nonce = %(lock_nonce)s::text))
  returning name, head, fence)
insert into voicectl.entries (name, seq, fence, nonce, lines)
select name, head, fence, %(nonce)s, %(lines)s::bytea from moved
returning seq as head
"""

# In the subqueries `s` is the state before the change. The entries of the fold before this one stay until the next
# one, so that a writer whose reply was lost finds its entry also after another run has folded it.
WRITE = """
with moved as (
  update voicectl.states
     set head = head + 1, folded = head + 1, nonce = %(nonce)s, lineage = %(lineage)s, serial = %(serial)s,
         changed_at = clock_timestamp(),
         heartbeat_at = case when %(fence)s::int8 is null then heartbeat_at else clock_timestamp() end,
         expires_at = case when %(fence)s::int8 is null then expires_at
                           else clock_timestamp() + %(ttl)s::float8 * interval '1 second' end
   where name = %(name)s and head = %(head)s::int8 and nonce = %(expected)s
     and (%(fence)s::int8 is null or (fence = %(fence)s::int8 and lock_nonce = %(lock_nonce)s::text))
  returning name, head),
folded_entries as (
  delete from voicectl.entries e using moved, voicectl.states s
   where e.name = moved.name and s.name = moved.name and e.seq <= s.folded),
old_snapshots as (
  delete from voicectl.snapshots p using moved
   where p.name = moved.name
     and (p.serial = %(serial)s::int8
          or p.head not in (select q.head from voicectl.snapshots q
                             where q.name = %(name)s and q.serial <> %(serial)s::int8
                             order by q.head desc limit %(others)s::int8)))
insert into voicectl.snapshots (name, head, serial, lineage, nonce, data)
select name, head, %(serial)s, %(lineage)s, %(nonce)s, %(data)s::bytea from moved
returning head
"""


@value
class HeadRow:
    """The head that a change made."""

    head: int


# -- the lock, and what became of a change -----------------------------------------------------------------------------

LOOK = """
select head, nonce, fence, lock_id, lock_nonce, lock_info,
       extract(epoch from clock_timestamp() - heartbeat_at)::float8 as heartbeat,
       extract(epoch from expires_at - clock_timestamp())::float8 as left,
       extract(epoch from heartbeat_at)::float8 as beat_at,
       exists(select from voicectl.entries where name = %(name)s and seq = %(head)s::int8 and nonce = %(nonce)s::text)
       or exists(select from voicectl.snapshots
                  where name = %(name)s and head = %(head)s::int8 and nonce = %(nonce)s::text) as found
  from voicectl.states where name = %(name)s
"""


@value
class LookRow:
    """A state without its content. `found`: a change with the asked head and nonce was made."""

    head: int = 0
    nonce: str = ""
    fence: int = 0
    lock_id: str | None = None
    lock_nonce: str = ""
    lock_info: str | None = None
    heartbeat: float | None = None  # seconds since the last renewal
    left: float | None = None  # seconds until the lease ends
    beat_at: float | None = None  # the last renewal, seconds since 1970
    found: bool = False


# `seen` is the fence that this run saw: a request that arrives late finds another one, and does nothing.
TAKE = """
insert into voicectl.states as s (name, fence, lock_id, lock_nonce, lock_info, heartbeat_at, expires_at)
values (%(name)s, 1, %(lock_id)s, %(nonce)s, %(info)s, clock_timestamp(),
        clock_timestamp() + %(ttl)s::float8 * interval '1 second')
on conflict (name) do update
   set fence = s.fence + 1, lock_id = excluded.lock_id, lock_nonce = excluded.lock_nonce,
       lock_info = excluded.lock_info, heartbeat_at = clock_timestamp(),
       expires_at = clock_timestamp() + %(ttl)s::float8 * interval '1 second'
 where s.fence = %(seen)s::int8
   and (s.lock_id is null or s.expires_at < clock_timestamp() or s.lock_nonce = %(dead)s::text)
returning s.fence
"""

RENEW = """
update voicectl.states
   set heartbeat_at = clock_timestamp(), expires_at = clock_timestamp() + %(ttl)s::float8 * interval '1 second'
 where name = %(name)s and fence = %(fence)s::int8 and lock_nonce = %(lock_nonce)s
returning fence
"""

RELEASE = """
update voicectl.states set lock_id = null, lock_nonce = '', lock_info = null, heartbeat_at = null, expires_at = null
 where name = %(name)s and fence = %(fence)s::int8 and lock_nonce = %(lock_nonce)s
returning fence
"""

# The higher fence shuts the holder out.
BREAK = """
update voicectl.states
   set fence = fence + 1, lock_id = null, lock_nonce = %(nonce)s, lock_info = null, heartbeat_at = null,
       expires_at = null
 where name = %(name)s and fence = %(seen)s::int8 and lock_id = %(lock_id)s
returning fence
"""


@value
class FenceRow:
    """The fence after a change of the lock."""

    fence: int


# -- history -----------------------------------------------------------------------------------------------------------

HISTORY = """
select serial, extract(epoch from written_at)::float8 as written_at, octet_length(data)::int8 as size
  from voicectl.snapshots where name = %(name)s order by head desc limit %(keep)s::int8
"""

SNAPSHOT = "select data from voicectl.snapshots where name = %(name)s and serial = %(serial)s::int8"


@value
class SnapshotRow:
    """A snapshot that is kept."""

    serial: int
    written_at: float  # seconds since 1970
    size: int  # bytes, compressed


@value
class ContentRow:
    """A compressed snapshot."""

    data: bytes


# -- the server --------------------------------------------------------------------------------------------------------

ROLE = """
select current_user::text as role, current_database()::text as database,
       exists(select from pg_catalog.pg_namespace where nspname = 'voicectl') as schema,
       (select count(*) from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'voicectl' and c.relname in ('format', 'states', 'entries', 'snapshots')) = 4 as tables
"""


@value
class RoleRow:
    """Who asks, in which database, and what is there. The catalogs can be read by every role."""

    role: str
    database: str
    schema: bool
    tables: bool


DURABILITY = """
select current_setting('synchronous_standby_names') = '' and exists(select from pg_catalog.pg_stat_replication)
         as asynchronous,
       current_setting('synchronous_commit') = 'off' as lazy
"""


@value
class DurabilityRow:
    """What the server promises of a commit. `asynchronous`: it has standbys, and waits for none of them."""

    asynchronous: bool
    lazy: bool
