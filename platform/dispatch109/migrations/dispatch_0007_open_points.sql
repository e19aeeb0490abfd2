-- Whoever asks what is near, or what stands on the map, asks for open tickets: with three years of history the index of
-- all points read a thousand closed ones for each that it found.
DROP INDEX dispatch.ticket_point;
CREATE INDEX ticket_point ON dispatch.ticket USING gist (tenant_id, point) WHERE closed_at IS NULL;
