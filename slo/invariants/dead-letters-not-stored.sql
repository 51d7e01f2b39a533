-- name: dead-letters-not-stored
-- severity: ticket
-- owner: data
-- grace: 0s
-- needs: census
-- description: A dead letter is not also where it was meant to go: stored as a raw event,
--   or counted, depending on the subscription. If a later run has put it there,
--   the dead letter is obsolete.
SELECT subject, detail FROM raw_census_findings WHERE kind = 'dead-letter';
