-- name: key-blocks
-- severity: page
-- owner: data
-- grace: 1m
-- description: Every dataset has at least one key block.
SELECT entry.dataset_id AS subject, 'no key block' AS detail
FROM dataset_entries AS entry
WHERE entry.created_ns <= :cutoff_ns
    AND NOT EXISTS (
        SELECT 1 FROM dataset_key_blocks AS block WHERE block.dataset_id = entry.dataset_id
    );
