-- name: stored-events-counted
-- severity: page
-- owner: data
-- grace: 0s
-- needs: census
-- description: Every stored event is counted, late, a dead letter of the subscription that counts,
--   or was shed, expired or skipped there: none was lost silently. Only events older than ten minutes before the watermark are
--   checked, and none of a subscription with a filter; a run that was killed
--   may have stored what it had not counted yet.
SELECT finding.subject AS subject, finding.detail AS detail
FROM raw_census_findings AS finding
WHERE finding.kind = 'uncounted'
    AND NOT EXISTS (
        SELECT 1 FROM dataset_key_blocks
        WHERE event_type = 'SetTransform' AND payload LIKE '%"filter"%'
    );
