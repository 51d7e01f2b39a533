-- name: raw-events-readable
-- severity: page
-- owner: data
-- grace: 0s
-- needs: census
-- description: What the raw store holds are events.
SELECT subject, detail FROM raw_census_findings WHERE kind = 'unreadable';
