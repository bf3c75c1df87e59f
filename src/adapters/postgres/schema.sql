-- What the migrations make. Written by the test of the migrations (UPDATE_SCHEMA=1); never edited by hand.

CREATE TABLE agent_actions (
  action text NOT NULL,
  node text NOT NULL,
  epoch integer NOT NULL,
  agent text NOT NULL,
  at timestamp with time zone NOT NULL,
  event text NOT NULL,
  reason text,
  call text,
  by text NOT NULL,
  CONSTRAINT agent_actions_pkey PRIMARY KEY (action)
);
CREATE INDEX agent_actions_agent_at ON public.agent_actions USING btree (agent, at);

CREATE TABLE agent_states (
  agent text NOT NULL,
  node text NOT NULL,
  epoch integer NOT NULL,
  state text NOT NULL,
  reason text,
  extension text NOT NULL,
  since timestamp with time zone NOT NULL,
  CONSTRAINT agent_states_pkey PRIMARY KEY (agent)
) WITH (fillfactor=50);

CREATE TABLE agents (
  id text NOT NULL,
  name text GENERATED ALWAYS AS (document ->> 'name'::text) STORED,
  document jsonb NOT NULL,
  version integer NOT NULL,
  updated_at timestamp with time zone NOT NULL,
  updated_by text NOT NULL,
  CONSTRAINT agents_pkey PRIMARY KEY (id)
);

CREATE TABLE calendars (
  id text NOT NULL,
  name text GENERATED ALWAYS AS (document ->> 'name'::text) STORED,
  document jsonb NOT NULL,
  version integer NOT NULL,
  updated_at timestamp with time zone NOT NULL,
  updated_by text NOT NULL,
  CONSTRAINT calendars_pkey PRIMARY KEY (id)
);

CREATE TABLE call_events (
  call text NOT NULL,
  sequence integer NOT NULL,
  node text NOT NULL,
  epoch integer NOT NULL,
  at timestamp with time zone NOT NULL,
  event text NOT NULL,
  queue text,
  agent text,
  leg text,
  detail text,
  CONSTRAINT call_events_pkey PRIMARY KEY (call, sequence)
);

CREATE TABLE calls (
  call text NOT NULL,
  node text NOT NULL,
  epoch integer NOT NULL,
  campaign text,
  queue text,
  agent text,
  line text NOT NULL,
  caller text,
  dialled text NOT NULL,
  arrived_at timestamp with time zone NOT NULL,
  answered_at timestamp with time zone,
  queued_at timestamp with time zone,
  bridged_at timestamp with time zone,
  ended_at timestamp with time zone,
  outcome text,
  stage text,
  ended_by text,
  wait_ms integer,
  talk_ms integer,
  hold_ms integer,
  transfers integer NOT NULL,
  CONSTRAINT calls_pkey PRIMARY KEY (call)
) WITH (fillfactor=80);
CREATE INDEX calls_arrived_at ON public.calls USING btree (arrived_at);

CREATE TABLE campaigns (
  id text NOT NULL,
  name text GENERATED ALWAYS AS (document ->> 'name'::text) STORED,
  document jsonb NOT NULL,
  version integer NOT NULL,
  updated_at timestamp with time zone NOT NULL,
  updated_by text NOT NULL,
  CONSTRAINT campaigns_pkey PRIMARY KEY (id)
);

CREATE TABLE configuration_changes (
  change uuid NOT NULL,
  kind text NOT NULL,
  id text NOT NULL,
  old jsonb,
  new jsonb,
  at timestamp with time zone NOT NULL,
  by text NOT NULL,
  CONSTRAINT configuration_changes_pkey PRIMARY KEY (change)
);
CREATE INDEX configuration_changes_object ON public.configuration_changes USING btree (kind, id, at);

CREATE TABLE live_calls (
  call text NOT NULL,
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
  arrived_at timestamp with time zone NOT NULL,
  queued_at timestamp with time zone,
  bridged_at timestamp with time zone,
  CONSTRAINT live_calls_pkey PRIMARY KEY (call)
) WITH (fillfactor=50, autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=5000);

CREATE TABLE pause_reasons (
  id text NOT NULL,
  name text GENERATED ALWAYS AS (document ->> 'name'::text) STORED,
  document jsonb NOT NULL,
  version integer NOT NULL,
  updated_at timestamp with time zone NOT NULL,
  updated_by text NOT NULL,
  CONSTRAINT pause_reasons_pkey PRIMARY KEY (id)
);

CREATE TABLE queues (
  id text NOT NULL,
  name text GENERATED ALWAYS AS (document ->> 'name'::text) STORED,
  document jsonb NOT NULL,
  version integer NOT NULL,
  updated_at timestamp with time zone NOT NULL,
  updated_by text NOT NULL,
  CONSTRAINT queues_pkey PRIMARY KEY (id)
);

CREATE TABLE scenarios (
  id text NOT NULL,
  name text GENERATED ALWAYS AS (document ->> 'name'::text) STORED,
  document jsonb NOT NULL,
  version integer NOT NULL,
  updated_at timestamp with time zone NOT NULL,
  updated_by text NOT NULL,
  CONSTRAINT scenarios_pkey PRIMARY KEY (id)
);

CREATE TABLE schema_migrations (
  number integer NOT NULL,
  name text NOT NULL,
  applied_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT schema_migrations_pkey PRIMARY KEY (number)
);

CREATE TABLE settings (
  id text NOT NULL,
  name text GENERATED ALWAYS AS (document ->> 'name'::text) STORED,
  document jsonb NOT NULL,
  version integer NOT NULL,
  updated_at timestamp with time zone NOT NULL,
  updated_by text NOT NULL,
  CONSTRAINT settings_pkey PRIMARY KEY (id)
);

CREATE TABLE skills (
  id text NOT NULL,
  name text GENERATED ALWAYS AS (document ->> 'name'::text) STORED,
  document jsonb NOT NULL,
  version integer NOT NULL,
  updated_at timestamp with time zone NOT NULL,
  updated_by text NOT NULL,
  CONSTRAINT skills_pkey PRIMARY KEY (id)
);
