-- The strip of alarms stands on every operator's page: it must not read all handoffs.
CREATE INDEX handoff_alarm ON dispatch.handoff (tenant_id, alarm_at) WHERE alarm IS NOT NULL;
CREATE INDEX callback_incident ON dispatch.callback (tenant_id, incident_id, planned_at) WHERE incident_id IS NOT NULL;
