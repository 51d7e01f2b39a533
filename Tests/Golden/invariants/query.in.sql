-- name: no-negative-counts
-- severity: ticket
-- owner: data
-- grace: 10m
-- description: Counts are never negative,
--   whatever is refunded.
-- === no query

-- === a statement that writes
DELETE FROM dataset_entries
-- === a semicolon first

; SELECT 1
-- === two statements
SELECT 1; DROP TABLE t
-- === two semicolons
SELECT 1;;
-- === a value that there is not
SELECT :now
-- === a quote that stays open
SELECT 'x
-- === a comment that stays open
SELECT 1 /* x
-- === a right one
SELECT ';' AS subject, '--' AS detail -- done
;  -- ends
