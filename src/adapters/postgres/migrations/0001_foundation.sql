-- Calls, what happened in them, what agents did; the centre's configuration with its history.
-- Every table has a key of its own making, never a sequence of the database: the mirror applies rows by key, and after a
-- take-over the other node goes on writing.

CREATE TABLE calls (
  call text PRIMARY KEY,
  node text NOT NULL,
  epoch integer NOT NULL,
  campaign text,
  queue text,
  agent text,
  line text NOT NULL,
  caller text,
  dialled text NOT NULL,
  arrived_at timestamptz NOT NULL,
  answered_at timestamptz,
  queued_at timestamptz,
  bridged_at timestamptz,
  ended_at timestamptz,
  outcome text,
  stage text,
  ended_by text,
  wait_ms integer,
  talk_ms integer,
  hold_ms integer,
  transfers integer NOT NULL
) WITH (fillfactor = 80); -- The row is written again at the end of the call: room for it in the same page, and no index to touch.

CREATE INDEX calls_arrived_at ON calls (arrived_at);

CREATE TABLE call_events (
  call text NOT NULL,
  sequence integer NOT NULL,
  node text NOT NULL,
  epoch integer NOT NULL,
  at timestamptz NOT NULL,
  event text NOT NULL,
  queue text,
  agent text,
  leg text,
  detail text,
  PRIMARY KEY (call, sequence)
);

CREATE TABLE agent_actions (
  action text PRIMARY KEY,
  node text NOT NULL,
  epoch integer NOT NULL,
  agent text NOT NULL,
  at timestamptz NOT NULL,
  event text NOT NULL,
  reason text,
  call text,
  by text NOT NULL
);

CREATE INDEX agent_actions_agent_at ON agent_actions (agent, at);

CREATE TABLE live_calls (
  call text PRIMARY KEY,
  node text NOT NULL,
  epoch integer NOT NULL,
  campaign text,
  state text NOT NULL,
  caller_leg text NOT NULL,
  agent_leg text,
  agent text,
  queue text,
  place double precision,
  priority double precision NOT NULL,
  caller text,
  dialled text NOT NULL,
  line text NOT NULL,
  arrived_at timestamptz NOT NULL,
  queued_at timestamptz,
  bridged_at timestamptz
) WITH (
  -- Few rows, replaced several times a call: half-empty pages keep the updates in place, and the dead rows go soon.
  fillfactor = 50,
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 5000
);

CREATE TABLE agent_states (
  agent text PRIMARY KEY,
  node text NOT NULL,
  epoch integer NOT NULL,
  state text NOT NULL,
  reason text,
  extension text NOT NULL,
  since timestamptz NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE queues (
  id text PRIMARY KEY,
  name text GENERATED ALWAYS AS (document ->> 'name') STORED,
  document jsonb NOT NULL,
  version integer NOT NULL,
  updated_at timestamptz NOT NULL,
  updated_by text NOT NULL
);

CREATE TABLE agents (LIKE queues INCLUDING ALL);
CREATE TABLE skills (LIKE queues INCLUDING ALL);
CREATE TABLE campaigns (LIKE queues INCLUDING ALL);
CREATE TABLE calendars (LIKE queues INCLUDING ALL);
CREATE TABLE scenarios (LIKE queues INCLUDING ALL);
CREATE TABLE pause_reasons (LIKE queues INCLUDING ALL);
CREATE TABLE settings (LIKE queues INCLUDING ALL);

-- Append-only. `old` is null for a creation, `new` for a removal.
CREATE TABLE configuration_changes (
  change uuid PRIMARY KEY,
  kind text NOT NULL,
  id text NOT NULL,
  old jsonb,
  new jsonb,
  at timestamptz NOT NULL,
  by text NOT NULL
);

CREATE INDEX configuration_changes_object ON configuration_changes (kind, id, at);
