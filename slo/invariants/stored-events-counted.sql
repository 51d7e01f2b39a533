-- name: stored-events-counted
-- severity: page
-- owner: data
-- grace: 0s
-- needs: census
-- description: What is stored is counted, late, or a dead letter of who should have counted it:
--   nothing was lost in silence. Events are looked at that are older than ten minutes before the
--   watermark. Nothing is said where a filter lets only some of them through; a run that was killed
--   may have stored what it had not counted yet.
SELECT finding.subject AS subject, finding.detail AS detail
FROM raw_census_findings AS finding
WHERE finding.kind = 'uncounted'
    AND NOT EXISTS (
        SELECT 1 FROM dataset_key_blocks
        WHERE event_type = 'SetTransform' AND payload LIKE '%"filter"%'
    );
