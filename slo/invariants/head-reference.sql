-- name: head-reference
-- severity: page
-- owner: data
-- grace: 1m
-- description: Every dataset has a reference named head, which says where its chain ends.
SELECT entry.dataset_id AS subject, 'no reference named head' AS detail
FROM dataset_entries AS entry
WHERE entry.created_ns <= :cutoff_ns
    AND NOT EXISTS (
        SELECT 1 FROM dataset_references AS reference
        WHERE reference.dataset_id = entry.dataset_id AND reference.block_ref_name = 'head'
    );
