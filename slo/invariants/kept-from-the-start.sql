-- name: kept-from-the-start
-- severity: ticket
-- owner: data
-- grace: 0s
-- description: What is kept holds everything that was counted. Windows that a pipeline begins to
--   keep are filled from shorter ones; shorter ones cannot be, nor can sales by product and
--   distinct counts.
SELECT part AS subject,
    CASE WHEN missing > 0
        THEN 'it lacks ' || missing || ' events that were counted before it was kept'
        ELSE 'its distinct counts lack what came before it was kept'
    END AS detail
FROM kept_parts
WHERE is_kept = 1 AND (missing > 0 OR lacks_distinct <> 0);
