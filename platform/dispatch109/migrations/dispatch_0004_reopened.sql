-- What a service said before it heard of the reopening is about the life before.
ALTER TABLE dispatch.handoff ADD COLUMN reopened_by uuid;
COMMENT ON COLUMN dispatch.handoff.reopened_by IS 'the message that reopened it last: an answer to an earlier one moves nothing';
