-- name: linked-chain
-- severity: page
-- owner: data
-- grace: 0s
-- description: Each block of a chain names the hash of the block before it, and is not older.
--   If that one is missing, contiguous-chain reports it. 'weir datasets show --verify' also makes
--   every hash anew from its block's content.
SELECT dataset_id AS subject,
    count(*) || ' blocks do not follow from the one before, the first is '
        || min(sequence_number) AS detail
FROM (
    SELECT dataset_id, sequence_number, system_ns, previous_hash,
        lag(sequence_number) OVER chain AS before_number,
        lag(system_ns) OVER chain AS before_ns,
        lag(block_hash) OVER chain AS before_hash
    FROM (
        SELECT dataset_id, sequence_number, system_ns, previous_hash, block_hash
        FROM dataset_key_blocks
        UNION ALL
        SELECT dataset_id, sequence_number, system_ns, previous_hash, block_hash
        FROM dataset_data_blocks
    ) AS blocks
    WINDOW chain AS (PARTITION BY dataset_id ORDER BY sequence_number)
) AS links
WHERE before_number = sequence_number - 1
    AND (previous_hash IS NULL OR previous_hash <> before_hash OR system_ns < before_ns)
GROUP BY dataset_id;
