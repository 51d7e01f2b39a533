-- name: raw-events-once
-- severity: page
-- owner: data
-- grace: 0s
-- needs: census
-- description: The raw store holds each event once, by its source and id, and under its own key.
SELECT subject, detail FROM raw_census_findings WHERE kind = 'repeated';
