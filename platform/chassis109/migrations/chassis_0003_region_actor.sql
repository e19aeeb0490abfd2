-- The command centre acts in a tenant by a mandate: its audit says so.
ALTER TABLE chassis.audit DROP CONSTRAINT audit_actor_kind_check,
    ADD CONSTRAINT audit_actor_kind_check CHECK (actor_kind IN ('person', 'machine', 'system', 'region'));
