-- name: raw-events-readable
-- severity: page
-- owner: data
-- grace: 0s
-- needs: census
-- description: Every document in the raw store can be read as an event.
SELECT subject, detail FROM raw_census_findings WHERE kind = 'unreadable';
