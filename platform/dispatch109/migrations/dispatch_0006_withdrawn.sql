-- An offer that is not answered yet can be taken back: asked for by the sender, true once the receiver has answered.
-- And whoever passed a ticket on says where it went from there.
ALTER TABLE dispatch.referral ADD COLUMN withdrawn_at timestamptz,
    ADD COLUMN withdrawn_by text,
    ADD COLUMN withdrawal text,
    ADD COLUMN passed_to text,
    ADD COLUMN passed_reference text,
    DROP CONSTRAINT referral_state_check,
    ADD CONSTRAINT referral_state_check
        CHECK (state IN ('sent', 'offered', 'accepted', 'refused', 'ended', 'withdrawn')),
    ADD CONSTRAINT referral_withdrawn CHECK (state <> 'withdrawn' OR withdrawn_at IS NOT NULL);
COMMENT ON COLUMN dispatch.referral.withdrawn_at IS 'when the sender asked for it back, also when an answer had crossed that';
COMMENT ON COLUMN dispatch.referral.withdrawal IS 'why it was asked back; may be empty';
COMMENT ON COLUMN dispatch.referral.passed_to IS 'side out: the tenant to which that one has passed it on';
COMMENT ON COLUMN dispatch.referral.passed_reference IS 'side out: its number at passed_to';
