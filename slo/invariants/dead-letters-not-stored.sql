-- name: dead-letters-not-stored
-- severity: ticket
-- owner: data
-- grace: 0s
-- needs: census
-- description: What a subscription gave up is not where it was to go: stored as a raw event,
--   or counted, whichever the subscription is for. It may have come there with a later run; then
--   the dead letter is done with.
SELECT subject, detail FROM raw_census_findings WHERE kind = 'dead-letter';
