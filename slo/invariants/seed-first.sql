-- name: seed-first
-- severity: page
-- owner: data
-- grace: 0s
-- description: A chain has one Seed, and that is block 0. A dataset without any key block is reported
--   by key-blocks.
SELECT dataset_id AS subject,
    sum(CASE WHEN event_type = 'Seed' THEN 1 ELSE 0 END) || ' Seeds, the first key block is '
        || min(sequence_number) AS detail
FROM dataset_key_blocks
GROUP BY dataset_id
HAVING sum(CASE WHEN event_type = 'Seed' THEN 1 ELSE 0 END) <> 1
    OR sum(CASE WHEN event_type = 'Seed' AND sequence_number = 0 THEN 1 ELSE 0 END) <> 1;
