/**
 * Every schema of the database since the first, in order, append-only: what was released is never
 * edited, only followed. Times are ms UTC; `n` is the order of arrival, which reports go by.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT;

  CREATE TABLE agent (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    key TEXT NOT NULL UNIQUE,
    added INTEGER NOT NULL,
    revoked INTEGER,
    hostname TEXT,
    version TEXT,
    seen INTEGER,
    online INTEGER NOT NULL DEFAULT 0,
    skew INTEGER,
    sources TEXT NOT NULL DEFAULT '[]'
  ) STRICT;

  -- A host is an agent's own machine (agent is set) or one whose lines an agent only relays.
  -- label is the name people see; see ../fleet/hosts.ts.
  CREATE TABLE host (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    agent INTEGER UNIQUE REFERENCES agent (id),
    name TEXT UNIQUE,
    label TEXT NOT NULL
  ) STRICT;

  -- Which agents told of which hosts: only where there are two can one event arrive twice.
  CREATE TABLE sighting (
    host INTEGER NOT NULL REFERENCES host (id),
    agent INTEGER NOT NULL REFERENCES agent (id),
    PRIMARY KEY (host, agent)
  ) STRICT, WITHOUT ROWID;

  -- The high-water mark: at or below it a finding of this file is a repeat.
  CREATE TABLE file (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    agent INTEGER NOT NULL REFERENCES agent (id),
    source TEXT NOT NULL,
    identity TEXT NOT NULL,
    mark INTEGER NOT NULL,
    -- When the agent last had it on disk: years are not in RFC 3164 stamps, so a mark whose file is
    -- long gone must not swallow another year's file with the same first line.
    seen INTEGER NOT NULL,
    UNIQUE (agent, source, identity)
  ) STRICT;

  CREATE TABLE checkpoint (
    agent INTEGER NOT NULL REFERENCES agent (id),
    source TEXT NOT NULL,
    body TEXT NOT NULL,
    stored INTEGER NOT NULL,
    PRIMARY KEY (agent, source)
  ) STRICT;

  CREATE TABLE finding (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    file INTEGER NOT NULL REFERENCES file (id),
    offset INTEGER NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    host INTEGER NOT NULL REFERENCES host (id),
    program TEXT NOT NULL,
    pid INTEGER,
    ip TEXT,
    port INTEGER,
    user TEXT,
    method TEXT,
    count INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    text TEXT
  ) STRICT;
  CREATE UNIQUE INDEX finding_by_anchor ON finding (file, offset);
  CREATE INDEX finding_by_host ON finding (host, at);
  CREATE INDEX finding_by_ip ON finding (ip, n) WHERE ip IS NOT NULL;
  -- What is rare and asked for by kind; attempts and probes are nearly all there is.
  CREATE INDEX finding_rare ON finding (kind, n) WHERE kind IN ('login', 'change', 'loss');

  CREATE TABLE gap (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    agent INTEGER NOT NULL REFERENCES agent (id),
    source TEXT NOT NULL,
    file TEXT NOT NULL,
    offset INTEGER NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    text TEXT NOT NULL,
    received INTEGER NOT NULL,
    UNIQUE (agent, source, file, offset, kind)
  ) STRICT;

  -- Totals are kept for ever; they move only by rows newly inserted above, in the same transaction.
  -- ip '' is a local attempt, user '' an unknown one.
  CREATE TABLE hourly (
    hour INTEGER NOT NULL,
    host INTEGER NOT NULL,
    ip TEXT NOT NULL,
    user TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    probes INTEGER NOT NULL,
    logins INTEGER NOT NULL,
    PRIMARY KEY (hour, host, ip, user)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE attacker (
    ip TEXT NOT NULL,
    host INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    probes INTEGER NOT NULL,
    logins INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (ip, host)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE attacker_user (
    ip TEXT NOT NULL,
    user TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    PRIMARY KEY (ip, user)
  ) STRICT, WITHOUT ROWID;

  -- Sums of hourly, so that a question about months reads thousands of rows and not millions. All
  -- count only what had an address. host 0 is the whole fleet.
  CREATE TABLE host_hour (
    host INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    probes INTEGER NOT NULL,
    logins INTEGER NOT NULL,
    PRIMARY KEY (host, hour)
  ) STRICT, WITHOUT ROWID;

  -- kind: ip, net (its network), user, host (its id). tried is the last attempt or probe, NULL before the first.
  CREATE TABLE subject (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    probes INTEGER NOT NULL,
    logins INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    tried INTEGER,
    PRIMARY KEY (kind, name)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX subject_by_attempts ON subject (kind, attempts);
  CREATE INDEX subject_by_tried ON subject (kind, tried);

  CREATE TABLE subject_day (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    day INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    probes INTEGER NOT NULL,
    logins INTEGER NOT NULL,
    PRIMARY KEY (kind, name, day)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE address_host_day (
    ip TEXT NOT NULL,
    day INTEGER NOT NULL,
    host INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    probes INTEGER NOT NULL,
    logins INTEGER NOT NULL,
    PRIMARY KEY (ip, day, host)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE address_user_day (
    ip TEXT NOT NULL,
    day INTEGER NOT NULL,
    user TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    PRIMARY KEY (ip, day, user)
  ) STRICT, WITHOUT ROWID;

  -- Somebody may have got in: one row per address, host and user; repeats raise the counter.
  CREATE TABLE alert (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ip TEXT NOT NULL,
    host INTEGER NOT NULL,
    user TEXT NOT NULL,
    login INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    failed_on TEXT NOT NULL,
    times INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    UNIQUE (ip, host, user)
  ) STRICT;

  -- What a report covers: findings with from_n < n <= to_n, gaps with from_gap < id <= to_gap.
  -- superseded names the later report that covers the same again because this one never left.
  CREATE TABLE report (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    from_n INTEGER NOT NULL,
    to_n INTEGER NOT NULL,
    from_gap INTEGER NOT NULL,
    to_gap INTEGER NOT NULL,
    from_at INTEGER NOT NULL,
    to_at INTEGER NOT NULL,
    digest TEXT NOT NULL,
    superseded INTEGER REFERENCES report (id)
  ) STRICT;
  CREATE INDEX report_by_kind ON report (kind, id);

  -- doubts: how often nobody could tell whether the part arrived; above 0 it is marked as a repeat.
  CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    report INTEGER NOT NULL REFERENCES report (id),
    part INTEGER NOT NULL,
    parts INTEGER NOT NULL,
    text TEXT NOT NULL,
    entities TEXT NOT NULL,
    loud INTEGER NOT NULL,
    state TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    doubts INTEGER NOT NULL DEFAULT 0,
    due INTEGER NOT NULL,
    owner TEXT,
    lease INTEGER,
    message INTEGER,
    why TEXT,
    UNIQUE (report, part)
  ) STRICT;
  CREATE INDEX outbox_by_state ON outbox (state, due);

  -- The collector's own log: agents coming and going, alerts, reports, administration.
  CREATE TABLE log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL
  ) STRICT;
  CREATE INDEX log_by_kind ON log (kind, id);

  -- totp: the shared secret (base32) once proven; totp_step: the last time step a code was used of.
  CREATE TABLE person (
    name TEXT PRIMARY KEY,
    password TEXT,
    added INTEGER NOT NULL,
    totp TEXT,
    totp_step INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  -- Only hashes of secrets are stored: a stolen database opens no door.
  CREATE TABLE session (
    hash TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    started INTEGER NOT NULL,
    seen INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE link (
    hash TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    until INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE token (
    name TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    added INTEGER NOT NULL,
    used INTEGER
  ) STRICT;
  `,
  `
  -- How far the totals have come: every finding up to through is in them; of what those up to upto add,
  -- the first done rows are.
  CREATE TABLE summed (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    through INTEGER NOT NULL,
    upto INTEGER NOT NULL,
    done INTEGER NOT NULL
  ) STRICT;
  INSERT INTO summed SELECT 1, coalesce(max(n), 0), coalesce(max(n), 0), 0 FROM finding;

  -- Whoever fails may have logged in before: asked for every address that fails.
  CREATE INDEX finding_login ON finding (ip, at) WHERE kind = 'login';
  CREATE INDEX sighting_by_agent ON sighting (agent);
  `,
  `
  -- By name before day: what an address tried of one name within a span is one short walk.
  CREATE TABLE tried_by_day (
    ip TEXT NOT NULL,
    user TEXT NOT NULL,
    day INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    PRIMARY KEY (ip, user, day)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO tried_by_day SELECT ip, user, day, attempts FROM address_user_day ORDER BY ip, user, day;
  DROP TABLE address_user_day;
  ALTER TABLE tried_by_day RENAME TO address_user_day;

  -- The names an address tried most, and the addresses that tried a name.
  CREATE INDEX attacker_user_by_attempts ON attacker_user (ip, attempts DESC, user);
  CREATE INDEX attacker_user_by_user ON attacker_user (user);
  `,
  `
  -- By host before day, likewise.
  CREATE TABLE seen_by_day (
    ip TEXT NOT NULL,
    host INTEGER NOT NULL,
    day INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    probes INTEGER NOT NULL,
    logins INTEGER NOT NULL,
    PRIMARY KEY (ip, host, day)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO seen_by_day SELECT ip, host, day, attempts, probes, logins
    FROM address_host_day ORDER BY ip, host, day;
  DROP TABLE address_host_day;
  ALTER TABLE seen_by_day RENAME TO address_host_day;
  `,
  `
  -- The key an agent is to change to: both open the door until it has come with this one.
  ALTER TABLE agent ADD COLUMN next TEXT;
  CREATE UNIQUE INDEX agent_by_next ON agent (next) WHERE next IS NOT NULL;
  `,
  `
  -- Where the findings of a file, a host's second and an address stand; see runs.ts. One entry per
  -- finding for what is there.
  CREATE TABLE file_run (
    file INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    n INTEGER NOT NULL,
    upto INTEGER NOT NULL,
    PRIMARY KEY (file, offset, n)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE host_run (
    host INTEGER NOT NULL,
    second INTEGER NOT NULL,
    n INTEGER NOT NULL,
    upto INTEGER NOT NULL,
    PRIMARY KEY (host, second, n)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE address_run (
    ip TEXT NOT NULL,
    n INTEGER NOT NULL,
    upto INTEGER NOT NULL,
    PRIMARY KEY (ip, n)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO file_run SELECT file, offset, n, n FROM finding ORDER BY file, offset;
  DROP INDEX finding_by_anchor;
  INSERT INTO host_run SELECT host, (at - (at % 1000 + 1000) % 1000) / 1000, n, n
    FROM finding ORDER BY host, at, n;
  DROP INDEX finding_by_host;
  INSERT INTO address_run SELECT ip, n, n FROM finding WHERE ip IS NOT NULL ORDER BY ip, n;
  DROP INDEX finding_by_ip;
  `,
  `
  -- On which days each was tried; see tried-days.ts.
  ALTER TABLE subject ADD COLUMN day INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE subject ADD COLUMN days INTEGER NOT NULL DEFAULT 0;
  UPDATE subject SET day = found.day, days = found.days FROM (
    SELECT kind, name, last AS day, sum(1 << (last - day)) AS days FROM (
      SELECT kind, name, day, max(0, max(day) OVER (PARTITION BY kind, name)) AS last
      FROM subject_day WHERE attempts + probes > 0)
    WHERE last - day < 53 GROUP BY kind, name) AS found
  WHERE subject.kind = found.kind AND subject.name = found.name;
  `,
  `
  -- Who tried a name, in an order of its own: as an index of attacker_user it was written in the order of
  -- addresses, a page for nearly every row.
  CREATE TABLE user_address (
    user TEXT NOT NULL,
    ip TEXT NOT NULL,
    PRIMARY KEY (user, ip)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO user_address SELECT user, ip FROM attacker_user WHERE user <> '' ORDER BY user, ip;
  DROP INDEX attacker_user_by_user;
  `,
  `
  -- Runs are written with the totals from now on: those of findings that no total knows come again.
  DELETE FROM file_run WHERE n > (SELECT through FROM summed);
  DELETE FROM host_run WHERE n > (SELECT through FROM summed);
  DELETE FROM address_run WHERE n > (SELECT through FROM summed);
  `,
  `
  -- IN makes SQLite build a set for every row that is stored, which took a sixth of its time; OR does not.
  DROP INDEX finding_rare;
  CREATE INDEX finding_rare ON finding (kind, n)
    WHERE kind = 'login' OR kind = 'change' OR kind = 'loss';
  `,
]
