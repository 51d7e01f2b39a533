-- name: contiguous-chain
-- severity: page
-- owner: data
-- grace: 0s
-- description: The blocks of a chain, key blocks and data blocks together, are numbered from 0
--   without a gap.
SELECT dataset_id AS subject,
    sum(blocks) || ' blocks from ' || min(first) || ' to ' || max(last) AS detail
FROM (
    SELECT dataset_id, count(*) AS blocks, min(sequence_number) AS first,
        max(sequence_number) AS last
    FROM dataset_key_blocks GROUP BY dataset_id
    UNION ALL
    SELECT dataset_id, count(*), min(sequence_number), max(sequence_number)
    FROM dataset_data_blocks GROUP BY dataset_id
) AS parts
GROUP BY dataset_id
HAVING min(first) <> 0 OR sum(blocks) < max(last) + 1;
